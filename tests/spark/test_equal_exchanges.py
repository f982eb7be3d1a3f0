"""Where Spark looks for exchanges that a plan has twice: not in a live run's queries, but in the repair beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from streaming.equal_exchanges import LOOKS, not_sought
from streaming.repair import Seen, unpriced
from streaming.schemas import CANDLES, POST_PRICES, POSTS
from tests.as_live import as_live
from tests.spark.small_worlds import moment

pytestmark = pytest.mark.spark


def test_a_query_that_starts_in_the_block_goes_without(spark: SparkSession, tmp_path: Path) -> None:
    """Seen in what a batch's own session says, which Spark copies from ours when the query starts."""
    said: list[list[str]] = []

    def on_batch(batch: DataFrame, batch_id: int) -> None:
        said.append([str(batch.sparkSession.conf.get(name)) for name in LOOKS])

    (tmp_path / "numbers").mkdir()
    (tmp_path / "numbers" / "1.json").write_text('{"n": 1}\n')
    writer: Any = spark.readStream.schema("n bigint").json(str(tmp_path / "numbers")).writeStream.foreachBatch(on_batch)
    writer = writer.option("checkpointLocation", str(tmp_path / "checkpoint")).trigger(availableNow=True)
    with not_sought(spark):
        query = writer.start()
    assert [spark.conf.get(name) for name in LOOKS] == ["true", "true"], "the session is as it was"
    query.awaitTermination()
    assert said == [["false", "false"]]


def test_the_repair_of_a_live_run_collects_nothing_twice(spark: SparkSession) -> None:
    posts, candles, present = (
        spark.range(10).select(*(F.lit(None).cast(field.dataType).alias(field.name) for field in schema))
        for schema in (POSTS, CANDLES, POST_PRICES)
    )
    since = Seen(until=moment(0), seen_at=moment(0))
    with as_live(spark):
        owed = unpriced(posts, candles, present, horizons=(0, 5), join_posts="all", until=moment(9), since=since)
        plan = str(owed._jdf.queryExecution().executedPlan())
    assert "ReusedExchange" in plan
