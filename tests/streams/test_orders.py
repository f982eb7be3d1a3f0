"""The same `build` as a stream, in every order in which two topics can be read, against the oracle, to the row."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from pyspark.sql import SparkSession

from tests.streams import orders, without
from tests.streams.feed import Outcome, Topics
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.oracle import Difference, difference, expected, final_watermark
from tests.worlds.world import World

pytestmark = pytest.mark.spark

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
NOTHING = Difference()


def as_stream(spark: SparkSession, folder: Path, batches: list[orders.Batch]) -> Outcome:
    topics = Topics(spark, folder)
    topics.add(*batches)
    return topics.run(horizons=HORIZONS, lateness_minutes=LATENESS_MINUTES)


def wanted(world: World) -> pl.DataFrame:
    return expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))


@pytest.mark.parametrize(
    "order",
    [
        orders.as_it_happens,
        orders.candles_ten_times_faster,
        orders.posts_ten_times_faster,
        orders.all_candles_first,
        orders.all_posts_first,
    ],
)
def test_every_order_gives_the_same_rows(spark: SparkSession, tmp_path: Path, order: orders.Order) -> None:
    world = live_world()
    outcome = as_stream(spark, tmp_path / "topics", order(world))
    assert difference(outcome.rows, wanted(world)) == NOTHING
    assert outcome.watermarks[-1] == final_watermark(world, HORIZONS, LATENESS_MINUTES)


def test_a_backlog_in_one_batch_gives_the_same_rows(spark: SparkSession, tmp_path: Path) -> None:
    world = live_world(seed=11)
    outcome = as_stream(spark, tmp_path / "topics", orders.in_one_batch(world))
    assert difference(outcome.rows, wanted(world)) == NOTHING


def test_a_topic_without_heartbeats_loses_no_price(spark: SparkSession, tmp_path: Path) -> None:
    world = live_world(seed=17).without_beats()
    outcome = as_stream(spark, tmp_path / "topics", orders.as_it_happens(world))
    assert difference(outcome.rows, wanted(world)) == NOTHING


def test_the_simple_form_loses_and_doubles_rows(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this, the tests above might be passing over worlds in which nothing can go wrong."""
    world = live_world()
    with monkeypatch.context() as patch:
        without.every_part(max(HORIZONS))(patch)
        outcome = as_stream(spark, tmp_path / "topics", orders.candles_ten_times_faster(world))
    seen = difference(outcome.rows, wanted(world))
    assert seen.absent > 50
    assert seen.doubled > 5
