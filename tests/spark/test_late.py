"""What is due and not there, by coin and hour, against Polars."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import polars as pl
import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from streaming.repair import due_once
from streaming.schemas import POST_PRICES
from streaming.transforms.late import late_by_hour
from tests.worlds import oracle
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.world import SOURCE, Observed

pytestmark = pytest.mark.spark

HORIZONS = (0, 5, 240)
POSTS = (
    "source string, post_id string, hot boolean, currencies array<string>, published_at timestamp, seen_at timestamp"
)


def test_due_is_priced_or_missing_or_absent_by_coin_and_hour(spark: SparkSession) -> None:
    world = live_world(seed=9, hours=48, posts=30, quiet=(10, 14))
    until = oracle.final_watermark(world, HORIZONS, LATENESS_MINUTES)
    assert until is not None
    chance = random.Random(5)
    held = oracle.expected(world, HORIZONS, until).filter(
        pl.Series([chance.random() < 0.8 for _ in range(oracle.expected(world, HORIZONS, until).height)])
    )
    observed = [item for item in world.posts if isinstance(item, Observed)]
    posts = spark.createDataFrame(
        [(SOURCE, o.post_id, o.hot, list(o.currencies), o.published_at, o.seen_at) for o in observed], POSTS
    )
    present = spark.createDataFrame(
        [Row(**{name: row.get(name) for name in POST_PRICES.names}) for row in held.iter_rows(named=True)], POST_PRICES
    )

    late = late_by_hour(due_once(posts, HORIZONS, "all"), present, until)
    found = late.withColumn("hour", F.unix_millis("hour")).collect()

    due = oracle.due(world, HORIZONS).filter(pl.col("hour") <= until)
    state = due.join(held.select(*oracle.KEY, "price_status"), on=oracle.KEY, how="left")
    wanted = (
        state.group_by("symbol", "hour")
        .agg(
            pl.len().alias("due"),
            pl.col("price_status").is_in(["exact", "filled"]).sum().alias("priced"),
            (pl.col("price_status") == "missing").sum().alias("missing"),
            pl.col("price_status").is_null().sum().alias("absent"),
        )
        .sort("hour", "symbol")
    )
    names = ["symbol", "hour", "due", "priced", "missing", "absent"]
    assert [(row["symbol"], at(row["hour"]), *row[2:]) for row in found] == wanted.select(names).rows()
    assert all(wanted[name].sum() > 0 for name in names[2:])


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
