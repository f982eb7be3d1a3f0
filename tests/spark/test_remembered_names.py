"""What a plan is built of is not looked for in the JVM's jars each time."""

from __future__ import annotations

import pytest
from py4j.java_gateway import JavaClass, JVMView
from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from streaming.remembered_names import remember_names

pytestmark = pytest.mark.spark


def test_columns_and_frames_ask_for_no_name_twice(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    remember_names(spark)

    def build() -> list[int]:
        rows = spark.range(5).select(
            (F.col("id") + F.lit(1)).alias("a"), F.when(F.col("id") > 2, F.lit("x")).alias("b")
        )
        kept = rows.where(F.coalesce("b", F.lit("y")).isin("x", "y")).persist(StorageLevel.MEMORY_ONLY)
        try:
            return [row["a"] for row in kept.orderBy("a").collect()]
        finally:
            kept.unpersist()

    assert build() == [1, 2, 3, 4, 5]

    asked: list[str] = []
    for kind in (JVMView, JavaClass):
        usual = kind.__getattr__

        def note(self: object, name: str, usual: object = usual) -> object:
            asked.append(name)
            return usual(self, name)  # type: ignore[operator]

        monkeypatch.setattr(kind, "__getattr__", note)
    assert build() == [1, 2, 3, 4, 5]
    assert asked == []
