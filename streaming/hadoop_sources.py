"""Hadoop's notes on where each of its settings came from, which Spark sends around with every plan: left out.

A configuration of Hadoop has more than a thousand settings, and beside each the files that it came from. Written out,
each such note is compressed on its own, which takes three times as long as the settings themselves. Spark writes the
whole when it makes, or only copies, the operator of a stream-stream join (that broadcasts it), for each of its state
stores, and for each file that it reads or writes: seen in a profile, a quarter of the planning of a small batch. Only
messages of S3A's quote the notes; a configuration that has none is the same otherwise.
"""

from __future__ import annotations

import logging
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

log = logging.getLogger("streaming")

# They add their files to every configuration when they are first used; the notes would come again.
ADDING_FILES = ("org.apache.hadoop.mapred.JobConf", "org.apache.hadoop.hdfs.HdfsConfiguration")


def forget_sources(spark: SparkSession) -> None:
    """From now on, what this session's plans carry of Hadoop's settings is their names and values alone."""
    jvm: Any = spark.sparkContext._jvm
    for name in ADDING_FILES:
        jvm.java.lang.Class.forName(name)
    configuration: Any = spark.sparkContext._jsc.hadoopConfiguration()
    configuration.size()  # read from the files, which writes the notes
    try:
        of_all = jvm.java.lang.Class.forName("org.apache.hadoop.conf.Configuration")
        notes = of_all.getDeclaredField("updatingResource")
        notes.setAccessible(True)
        # Another map at once: py4j would clear this one entry by entry.
        notes.set(configuration, jvm.java.util.concurrent.ConcurrentHashMap())
    except Py4JJavaError as error:  # a Hadoop that keeps them elsewhere; slower, and right all the same
        log.warning("Hadoop's notes on its settings stay: %s", error.java_exception.getMessage())
