"""Somebody did not work for hours or days: the rows are the same as without the pause."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.streams import orders, pauses
from tests.streams.feed import Outcome, Topics
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.oracle import Difference, difference, due, expected, final_watermark
from tests.worlds.world import HOUR, Observed, World, at, beats, hours_of, in_order, pages_in_order

pytestmark = pytest.mark.spark

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
TWO_DAYS = (at(30), at(78))
EIGHT_HOURS = (at(30), at(38))
TWELVE_HOURS = (at(15), at(27))

Pause = Callable[[World, pauses.Span], World]


def start(topics: Topics, outcome: Outcome) -> None:
    """As the application does it: the posts to their end, the candles in portions."""
    topics.run(horizons=HORIZONS, lateness_minutes=LATENESS_MINUTES, outcome=outcome, posts_per_batch=None)


def assert_rows(outcome: Outcome, world: World) -> None:
    until = final_watermark(world, HORIZONS, LATENESS_MINUTES)
    assert difference(outcome.rows, expected(world, HORIZONS, until)) == Difference()
    assert outcome.watermarks[-1] == until


def test_the_application_was_off_for_two_days_while_the_producers_went_on(spark: SparkSession, tmp_path: Path) -> None:
    world = live_world(seed=61)
    topics, outcome = Topics(spark, tmp_path / "topics"), Outcome()
    before, missed, after = pauses.cut(world, *TWO_DAYS)
    topics.add(before)
    start(topics, outcome)
    # The backlog is there when it starts again; of the candles a few hours a batch.
    posts, pages = missed
    portions = [pages[k : k + 40] for k in range(0, len(pages), 40)]
    topics.add((posts, portions[0]), *(((), portion) for portion in portions[1:]))
    start(topics, outcome)
    topics.add(after)
    start(topics, outcome)
    assert_rows(outcome, world)


@pytest.mark.parametrize(
    ("pause", "span"),
    [
        pytest.param(pauses.both_producers_off, TWO_DAYS, id="both producers off for two days", marks=pytest.mark.long),
        pytest.param(pauses.both_producers_off, EIGHT_HOURS, id="machine asleep for eight hours"),
        pytest.param(
            pauses.candles_producer_off, TWELVE_HOURS, id="candles catch up twelve hours", marks=pytest.mark.long
        ),
        pytest.param(pauses.posts_producer_off, TWELVE_HOURS, id="posts catch up twelve hours", marks=pytest.mark.long),
        pytest.param(pauses.heartbeats_stopped, TWO_DAYS, id="heartbeats stopped for two days"),
    ],
)
def test_a_pause_changes_no_price(spark: SparkSession, tmp_path: Path, pause: Pause, span: pauses.Span) -> None:
    world = live_world(seed=63)
    paused = pause(world, span)
    assert paused != world
    topics, outcome = Topics(spark, tmp_path / "topics"), Outcome()
    topics.add(*orders.as_it_happens(paused, 5))  # what is to be late comes some batches later
    topics.run(horizons=HORIZONS, lateness_minutes=LATENESS_MINUTES, outcome=outcome)
    assert_rows(outcome, paused)
    # The prices are those of the world without the pause; who saw a post later says so in seen_at.
    key = ["post_id", "symbol", "horizon_minutes", "target_time", "price", "price_status"]
    without = expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))
    assert sorted(outcome.rows.select(key).rows(), key=str) == sorted(without.select(key).rows(), key=str)


def test_two_quiet_weeks_with_fifty_coins_leave_the_state_as_it_was(spark: SparkSession, tmp_path: Path) -> None:
    days, coins = 15, [f"C{number:02}" for number in range(50)]
    world = World(
        in_order(
            [
                Observed(at(2), "first", at(2), ("C01", "GHOST")),
                Observed(at(24 * days - 30), "last", at(24 * days - 30)),
            ],
            beats(at(0), at(24 * days), HOUR),
        ),
        pages_in_order(*(hours_of(coin, at(0), 24 * days) for coin in coins)),
    )
    topics, outcome = Topics(spark, tmp_path / "topics"), Outcome()
    topics.add(*orders.as_it_happens(world, 24))
    topics.run(horizons=HORIZONS, lateness_minutes=LATENESS_MINUTES, outcome=outcome)
    assert_rows(outcome, world)
    assert outcome.rows.filter(post_id="first", symbol="GHOST", price_status="missing").height == len(HORIZONS)
    # In the state are the pages of the lateness, of the day that is read, and what the posts are owed.
    hours = 24 + LATENESS_MINUTES // 60 + 1
    owed = due(world, HORIZONS).height
    assert max(outcome.state_rows()) <= len(coins) * hours * 2 + 3 * owed
    quiet = outcome.state_rows()[4:-4]
    assert len(set(quiet)) <= 2, quiet


def test_the_world_is_one_in_which_a_pause_matters() -> None:
    """Or the tests above would pass over nothing: there are posts and pages in every pause."""
    world = live_world(seed=63)
    for first, last in (TWO_DAYS, EIGHT_HOURS, TWELVE_HOURS):
        assert [item for item in world.posts if isinstance(item, Observed) and first <= item.at < last]
        assert [page for page in world.candles if first <= page.at < last]
