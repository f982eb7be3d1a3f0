"""Stopping, failing and starting again; how the clock moves, and what is kept in the state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from tests.as_live import as_live
from tests.streams import orders
from tests.streams.feed import Outcome, Topics
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.oracle import KEY, Difference, difference, expected, final_watermark
from tests.worlds.world import HOUR, Observed, World, at, beats, hours_of, in_order, pages_in_order

pytestmark = pytest.mark.spark

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)


def start(topics: Topics, outcome: Outcome, **options: Any) -> None:
    topics.run(horizons=HORIZONS, lateness_minutes=LATENESS_MINUTES, outcome=outcome, **options)


def test_a_restart_between_batches_gives_the_same_rows(spark: SparkSession, tmp_path: Path) -> None:
    world = live_world(seed=3, hours=60, posts=40, quiet=(20, 34))
    topics, outcome = Topics(spark, tmp_path / "topics"), Outcome()
    for batch in orders.as_it_happens(world, 13):
        topics.add(batch)
        start(topics, outcome)
    until = final_watermark(world, HORIZONS, LATENESS_MINUTES)
    assert difference(outcome.rows, expected(world, HORIZONS, until)) == Difference()
    assert outcome.watermarks[-1] == until


def test_live_runs_and_ones_that_end_go_on_from_each_other(spark: SparkSession, tmp_path: Path) -> None:
    """They plan with other rules; Spark refuses a state whose columns have become others."""
    world = live_world(seed=7, hours=40, posts=30, quiet=(12, 20))
    topics, outcome = Topics(spark, tmp_path / "topics"), Outcome()
    for number, batch in enumerate(orders.as_it_happens(world, 10)):
        topics.add(batch)
        with as_live(spark, number % 2 == 0):
            start(topics, outcome)
    until = final_watermark(world, HORIZONS, LATENESS_MINUTES)
    assert difference(outcome.rows, expected(world, HORIZONS, until)) == Difference()


def test_a_restart_in_the_middle_of_a_backlog_gives_the_same_rows(spark: SparkSession, tmp_path: Path) -> None:
    world = live_world(seed=5, hours=60, posts=40, quiet=(20, 34))
    topics, outcome = Topics(spark, tmp_path / "topics"), Outcome()
    for batch in orders.all_candles_first(world):
        topics.add(batch)
        start(topics, outcome)
    # The clock of a topic that has been silent since the restart is not known again until it speaks.
    topics.add((beats(at(60), at(61)), hours_of("BTC", at(60), 1)))
    start(topics, outcome)
    whole = World((*world.posts, *beats(at(60), at(61))), (*world.candles, *hours_of("BTC", at(60), 1)))
    until = final_watermark(whole, HORIZONS, LATENESS_MINUTES)
    assert difference(outcome.rows, expected(whole, HORIZONS, until)) == Difference()


def test_a_batch_that_failed_is_replayed_with_the_same_rows(spark: SparkSession, tmp_path: Path) -> None:
    world = live_world(seed=9, hours=40, posts=30, quiet=(12, 20))
    topics, outcome = Topics(spark, tmp_path / "topics"), Outcome()
    topics.add(*orders.as_it_happens(world, 13))
    first_rows: dict[int, pl.DataFrame] = {}

    def fail_once(batch_id: int) -> None:
        if batch_id in (1, 2) and batch_id not in first_rows:
            first_rows[batch_id] = outcome.batches[batch_id]
            raise ConnectionError("the sink is down")

    for _ in range(2):
        with pytest.raises(StreamingQueryException):
            start(topics, outcome, on_rows=fail_once)
    start(topics, outcome, on_rows=fail_once)
    assert sum(rows.height for rows in first_rows.values()) > 0
    for batch_id, rows in first_rows.items():
        assert_frame_equal(rows.sort(KEY), outcome.batches[batch_id].sort(KEY))
    until = final_watermark(world, HORIZONS, LATENESS_MINUTES)
    assert difference(outcome.rows, expected(world, HORIZONS, until)) == Difference()


def test_the_clock_moves_and_the_state_goes_away(spark: SparkSession, tmp_path: Path) -> None:
    days = 5
    posts = [Observed(at(k / 4), f"{k}", at(k / 4), ("BTC", "ETH")) for k in range(48)]
    world = World(
        in_order(posts, beats(at(0), at(24 * days), HOUR)),
        pages_in_order(*(hours_of(coin, at(0), 24 * days) for coin in ("BTC", "ETH"))),
    )
    topics = Topics(spark, tmp_path / "topics")
    topics.add(*orders.as_it_happens(world, 20))
    outcome = Outcome()
    start(topics, outcome)
    assert outcome.watermarks == sorted(outcome.watermarks)
    assert outcome.watermarks[-1] == at(24 * days - 1) - (LATENESS_MINUTES + 60) * HOUR / 60
    # What is left are the pages that a post may still ask for: those after the watermark, of two coins.
    assert max(outcome.state_rows()) > 48 * 2 * len(HORIZONS)
    assert outcome.state_rows()[-1] == 2 * (LATENESS_MINUTES + 60) // 60
    assert difference(outcome.rows, expected(world, HORIZONS, outcome.watermarks[-1])) == Difference()
