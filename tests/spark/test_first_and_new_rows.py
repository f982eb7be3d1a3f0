"""The first row of each key, and the rows that a table does not hold yet."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from streaming.sinks.new_rows import new_rows, over_the_span, span_of
from streaming.transforms.first import first_by

pytestmark = pytest.mark.spark

Row = tuple[str, int, int, str]


def frame(spark: SparkSession, rows: list[Row]) -> DataFrame:
    return spark.createDataFrame(rows, "coin string, minute int, seen int, value string")


def rows_of(result: DataFrame) -> list[Row]:
    return sorted((row["coin"], row["minute"], row["seen"], row["value"]) for row in result.collect())


def drawn(seed: int, count: int) -> list[Row]:
    chance = random.Random(seed)
    return [(chance.choice("ABC"), chance.randrange(12), chance.randrange(5), f"{place}") for place in range(count)]


def oracle(batch: list[Row], table: list[Row]) -> list[Row]:
    held = {(coin, minute) for coin, minute, _, _ in table}
    first: dict[tuple[str, int], Row] = {}
    for row in sorted(batch, key=lambda row: (row[2], row[3])):
        first.setdefault((row[0], row[1]), row)
    return sorted(row for key, row in first.items() if key not in held)


def test_first_by_gives_the_first_of_each_key(spark: SparkSession) -> None:
    batch = drawn(seed=1, count=90)
    assert rows_of(first_by(frame(spark, batch), ["coin", "minute"], ["seen", "value"])) == oracle(batch, [])


def test_of_rows_in_the_same_place_there_is_one(spark: SparkSession) -> None:
    twins = [("A", 1, 1, "x"), ("A", 1, 1, "x"), ("A", 1, 1, "y")]
    assert len(rows_of(first_by(frame(spark, twins), ["coin", "minute"], ["seen"]))) == 1


@pytest.mark.parametrize("held", [0, 25])
def test_only_keys_that_the_table_lacks_are_new(spark: SparkSession, held: int) -> None:
    batch, table = drawn(seed=2, count=60), oracle(drawn(seed=3, count=held), [])
    order = ["seen", "value"]
    found = new_rows(frame(spark, batch), frame(spark, table), ("coin", "minute"), order)
    assert rows_of(found) == oracle(batch, table)


def test_what_the_table_holds_is_not_new_again(spark: SparkSession) -> None:
    batch = drawn(seed=4, count=40)
    table = oracle(batch, [])
    found = new_rows(frame(spark, batch), frame(spark, table), ("coin", "minute"), ["seen"])
    assert rows_of(found) == []


def test_an_empty_batch_has_no_new_rows_in_the_columns_of_the_table(spark: SparkSession) -> None:
    batch = frame(spark, []).selectExpr("*", "1 as position")
    found = new_rows(batch, frame(spark, [("A", 1, 1, "x")]), ("coin", "minute"), ["position"])
    assert found.columns == ["coin", "minute", "seen", "value"]
    assert rows_of(found) == []


def test_what_is_new_is_computed_without_the_table_where_it_knows_none(spark: SparkSession, tmp_path: Path) -> None:
    """Spark computes a kept frame anew, table and all, when rows are appended to a table that it was computed from."""
    path = f"{tmp_path}/table"
    frame(spark, [("Z", 1, 1, "x")]).write.format("delta").save(path)
    held = spark.read.format("delta").load(path)
    batch, key, order = frame(spark, drawn(seed=5, count=20)), ("coin", "minute"), ["seen", "value"]
    assert new_rows(batch, held, key, order).inputFiles() == []
    again = new_rows(batch.union(frame(spark, [("Z", 1, 1, "x")])), held, key, order)
    assert len(again.inputFiles()) == 1
    assert rows_of(again) == oracle(drawn(seed=5, count=20), [])


def test_the_span_leaves_the_rows_within(spark: SparkSession) -> None:
    table = spark.sql("select timestamp_seconds(id) as time from range(10)")
    span = span_of(2_000_000, 4_000_000)
    assert over_the_span(table, "time", span).count() == 3
    assert over_the_span(table, "time", span_of(None, None)).count() == 10
