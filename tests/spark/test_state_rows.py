"""When the rows of the state are counted, and that a state that was not counted for a while counts right again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from pyspark.sql import SparkSession

from newswake.settings import Settings, Streaming
from streaming import state_rows
from streaming.context import Context

pytestmark = pytest.mark.spark

When = Literal["live", "always"]


def context(spark: SparkSession, home: Path, when: When, *, once: bool) -> Context:
    return Context(spark, Settings(home=home, streaming=Streaming(count_state_rows=when)), once=once)


@pytest.mark.parametrize(
    ("when", "once", "counted"),
    [("live", False, True), ("live", True, False), ("always", True, True)],
)
def test_what_is_counted(spark: SparkSession, tmp_path: Path, when: When, once: bool, counted: bool) -> None:
    found = context(spark, tmp_path, when, once=once)
    assert state_rows.are_counted(found) is counted
    before = spark.conf.get(state_rows.TRACKED, None)
    with state_rows.told(found):
        assert spark.conf.get(state_rows.TRACKED) == str(counted).lower()
    assert spark.conf.get(state_rows.TRACKED, None) == before, "the session is as it was"


def test_other_stores_count_anyway(spark: SparkSession, tmp_path: Path) -> None:
    before = spark.conf.get(state_rows.PROVIDER)
    spark.conf.set(state_rows.PROVIDER, "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider")
    try:
        assert state_rows.are_counted(context(spark, tmp_path, "live", once=True))
    finally:
        spark.conf.set(state_rows.PROVIDER, str(before))


def test_a_live_run_behind_history_counts_what_history_left(spark: SparkSession, tmp_path: Path) -> None:
    """In a join, whose two sides are families of columns in one store."""
    sides = [tmp_path / "left", tmp_path / "right"]
    for side in sides:
        side.mkdir()

    def rows_told(when: When, numbers: range) -> list[int]:
        """The rows that the state held behind the batch that brought these numbers to both sides."""
        for side in sides:
            (side / f"{numbers.start}.json").write_text("".join(f'{{"n": {n}}}\n' for n in numbers))
        left, right = (spark.readStream.schema("n bigint").json(str(side)) for side in sides)
        writer: Any = left.join(right, "n").writeStream.format("noop")
        writer = writer.option("checkpointLocation", str(tmp_path / "checkpoint")).trigger(availableNow=True)
        with state_rows.told(context(spark, tmp_path, when, once=True)):
            query = writer.start()
        query.awaitTermination()
        return [report.stateOperators[0].numRowsTotal for report in query.recentProgress]

    assert rows_told("live", range(5)) == [0], "a version of Spark that counts without looking needs none of this"
    assert rows_told("always", range(3, 9)) == [22]
    assert rows_told("live", range(9, 12)) == [0]
    assert rows_told("always", range(12, 13)) == [30]
