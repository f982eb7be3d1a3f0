"""Names of the JVM that pyspark uses for every column, asked for once instead of each time.

py4j keeps nothing: each `jvm.functions` is a question to the JVM, which tries the name in every package that pyspark
imports, and so looks into all jars for a class that is not there. The plans of a small batch are some hundred columns;
seen in a profile of the running application, these looks were 15 % of its work.
"""

from __future__ import annotations

from typing import Any

from py4j.java_gateway import JavaClass, JavaMember
from pyspark.sql import SparkSession

NAMES = (
    "functions",
    "org.apache.spark.sql.functions",
    "PythonUtils",
    "PythonSQLUtils",
    "PythonRDD",
    "SerDeUtil",
    "org.apache.spark.storage.StorageLevel",
    "org.apache.spark.sql.classic.SparkSession",
)


class RememberingClass(JavaClass):  # type: ignore[misc]  # py4j has no types
    """A Java class whose static methods are looked up once each."""

    def __getattr__(self, name: str) -> Any:
        member = super().__getattr__(name)
        if isinstance(member, JavaMember):
            self.__dict__[name] = member
        return member


def remember_names(spark: SparkSession) -> None:
    """From now on, the session's view of the JVM knows `NAMES` by itself."""
    jvm = spark.sparkContext._jvm
    for name in NAMES:
        found = getattr(jvm, name)
        vars(jvm)[name] = RememberingClass(found._fqn, found._gateway_client)
