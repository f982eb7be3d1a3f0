"""Hadoop's settings go around without the notes on where each came from, and are the same otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from streaming.hadoop_sources import forget_sources

pytestmark = pytest.mark.spark


def settings_of(configuration: Any) -> dict[str, str]:
    entries = configuration.iterator()
    found = {}
    while entries.hasNext():
        entry = entries.next()
        found[entry.getKey()] = entry.getValue()
    return found


def written(spark: SparkSession) -> int:
    """Bytes of the configuration that a plan of the session would carry."""
    jvm: Any = spark.sparkContext._jvm
    configuration = spark._jsparkSession.sessionState().newHadoopConf()
    bytes_of = jvm.java.io.ByteArrayOutputStream()
    configuration.write(jvm.java.io.DataOutputStream(bytes_of))
    return int(bytes_of.size())


def test_the_settings_stay_and_their_sources_go(spark: SparkSession, tmp_path: Path) -> None:
    jvm: Any = spark.sparkContext._jvm
    configuration = spark.sparkContext._jsc.hadoopConfiguration()
    # As Hadoop makes them: with notes. A name that only Hadoop's own file sets.
    name = "io.file.buffer.size"
    assert list(jvm.org.apache.hadoop.conf.Configuration().getPropertySources(name)) == ["core-default.xml"]

    before = settings_of(configuration)
    forget_sources(spark)
    assert settings_of(configuration).items() >= before.items()
    assert len(before) > 1_000
    small = written(spark)
    assert configuration.getPropertySources(name) is None

    # Reading and writing files, which reads Hadoop's configuration of jobs, brings none of them back.
    spark.range(3).write.parquet(str(tmp_path / "rows"))
    assert spark.read.parquet(str(tmp_path / "rows")).count() == 3
    kept = spark._jsparkSession.sessionState().newHadoopConf()
    assert kept.getPropertySources(name) is None and kept.get(name) == before[name]
    assert written(spark) == pytest.approx(small, rel=0.01)
