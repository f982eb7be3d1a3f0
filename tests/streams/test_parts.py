"""Each part of the join: what it is there for, and that the rows are wrong without it.

Every test feeds a world that is made for one part, first to the join as it is, then to the join without that part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.streams import without
from tests.streams.feed import Batch, Topics
from tests.worlds.oracle import Difference, difference, expected, final_watermark
from tests.worlds.world import HOUR, MINUTE, Beat, Observed, Page, PostItem, World, at, beats, hours_of, page, revised

pytestmark = pytest.mark.spark

HORIZONS = (0, 15, 1440)
LATENESS = 120
NOTHING = Difference()
# Spark calls a row late by the clock of the batch before the last: what is to be late comes a batch later.
PAUSE: Batch = ([], [])
Run = Callable[..., Difference]


@pytest.fixture
def run(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run batches, perhaps without a part of the join, and say how the rows differ from those of `world`."""
    count = 0

    def run_batches(batches: Sequence[Batch], part: without.Part | None = None, **options: Any) -> Difference:
        nonlocal count
        count += 1
        topics = Topics(spark, tmp_path / str(count))
        topics.add(*batches)
        world = world_of(batches)
        with monkeypatch.context() as patch:
            if part is not None:
                part(patch)
            outcome = topics.run(horizons=HORIZONS, lateness_minutes=LATENESS, **options)
        return difference(outcome.rows, expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS)))

    return run_batches


def world_of(batches: Sequence[Batch]) -> World:
    return World(
        tuple(item for posts, _ in batches for item in posts), tuple(item for _, pages in batches for item in pages)
    )


def post(name: str, published: datetime, seen: datetime | None = None, *coins: str) -> Observed:
    return Observed(seen or published, name, published, coins or ("BTC",))


def test_heartbeats_let_the_clock_go_on_while_nothing_is_posted(run: Run) -> None:
    posts = [post("1", at(1), at(1), "BTC", "GHOST")]
    heard: Batch = ([*posts, *beats(at(1), at(48), 6 * HOUR)], hours_of("BTC", at(0), 48))
    assert run([heard]) == NOTHING
    # A filter that does not name the event-time column is pushed below the watermark: nobody hears them.
    assert run([heard], without.event_time_in_the_filter) == Difference(absent=len(HORIZONS))


def test_without_heartbeats_the_posts_alone_are_the_clock(run: Run) -> None:
    candles = hours_of("BTC", at(0), 60)
    quiet: list[Batch] = [
        ([post("1", at(1), at(1), "BTC", "GHOST")], candles[:30]),
        ([], candles[30:]),
        ([post("2", at(50, 30), at(50, 30), "BTC")], []),
    ]
    assert run(quiet) == NOTHING
    assert run(quiet[:2]) == NOTHING


def test_the_posts_clock_waits_for_the_largest_horizon(run: Run) -> None:
    # The first post owes a row a day ahead; that row must not make a post an hour later late.
    batches: list[Batch] = [([post("1", at(1))], hours_of("BTC", at(0), 48)), PAUSE, ([post("2", at(2))], [])]
    assert run(batches) == NOTHING
    lost = run(batches, without.shorter_delay("posts", max(HORIZONS)))
    assert lost.absent >= 2
    # The same with heartbeats: they stand at their time and the largest horizon.
    heard: list[Batch] = [([Beat(at(2))], hours_of("BTC", at(0), 48)), PAUSE, ([post("2", at(2)), Beat(at(3))], [])]
    assert run(heard) == NOTHING
    assert run(heard, without.shorter_delay("posts", max(HORIZONS))).absent >= 2


def test_the_posts_clock_waits_for_the_hour_that_targets_are_rounded_down_by(run: Run) -> None:
    published = at(8, 31)
    late = post("1", published, published + (LATENESS - 1) * MINUTE)
    batches: list[Batch] = [([Beat(at(10, 29))], hours_of("BTC", at(0), 40)), PAUSE, ([late, Beat(at(36))], [])]
    assert run(batches) == NOTHING
    assert run(batches, without.shorter_delay("posts", 60)).absent == 2


def test_the_candles_clock_waits_for_the_hour_that_pages_are_rounded_down_by(run: Run) -> None:
    # The last candle of ETH's page closed at 9:00; BTC's newest one closed less than the lateness later.
    late = page("ETH", at(8), arrives=at(10, 58))
    newest = [*hours_of("BTC", at(0), 10), page("BTC", at(10), 58)]
    posts: list[PostItem] = [post("1", at(9), at(9), "ETH", "BTC"), Beat(at(60))]
    batches: list[Batch] = [(posts, newest), PAUSE, ([], [late]), ([], hours_of("BTC", at(11), 40))]
    assert run(batches) == NOTHING
    assert run(batches, without.shorter_delay("candles", 60)).wrong == 1


def test_the_first_publication_time_wins(run: Run) -> None:
    seen = post("1", at(3))
    edited = post("1", at(4, 10), at(4, 20))
    batches: list[Batch] = [([seen], []), ([edited], []), ([], hours_of("BTC", at(0), 40))]
    assert run(batches) == NOTHING
    assert run(batches, without.deduplication_before).doubled == len(HORIZONS)
    assert run(batches, without.deduplication_across_times).doubled == len(HORIZONS)


def test_a_page_that_is_sent_again_gives_no_second_row(run: Run) -> None:
    again = [page("BTC", at(2)), page("BTC", at(2))]
    batches: list[Batch] = [([post("1", at(2, 30))], again), ([], again)]
    assert run(batches) == NOTHING
    assert run(batches, without.deduplication_after).doubled >= 2


def test_of_two_versions_of_a_page_the_first_wins(run: Run) -> None:
    first, second = page("BTC", at(2)), revised(page("BTC", at(2)))
    late_post: Batch = ([post("1", at(2, 30)), Beat(at(9))], hours_of("BTC", at(3), 5))
    assert run([([], [first, second]), PAUSE, late_post]) == NOTHING
    assert run([([], [first]), PAUSE, ([], [second]), PAUSE, late_post]) == NOTHING
    assert run([([post("1", at(2, 30))], [first, second]), late_post]) == NOTHING


def test_what_has_no_candle_is_missing_when_its_time_is_over(run: Run) -> None:
    gap = [page("BTC", at(2), missing={at(2, 29)}), *hours_of("BTC", at(3), 5)]
    batches: list[Batch] = [([post("1", at(2, 30)), Beat(at(9))], gap)]
    assert run(batches) == NOTHING
    assert run(batches, without.outer_side) == Difference(absent=1)


def test_a_page_that_crosses_an_hour_is_found_from_both_hours(run: Run) -> None:
    crossing: list[Page] = [page("BTC", at(2, 30), 60), *hours_of("BTC", at(4), 5)]
    batches: list[Batch] = [([post("1", at(2, 50)), Beat(at(9))], crossing)]
    assert run(batches) == NOTHING
    assert run(batches, without.cut_at_the_hours).wrong == 1


def test_posts_are_read_to_the_end_while_candles_are_limited(run: Run) -> None:
    # As two partitions: one has the heartbeats, the other one the post. Both are there when the query starts.
    backlog: list[Batch] = [(beats(at(0), at(40), HOUR), hours_of("BTC", at(0), 40)), PAUSE, ([post("1", at(12))], [])]
    assert run(backlog, posts_per_batch=None) == NOTHING
    assert run(backlog, posts_per_batch=1) == Difference(absent=len(HORIZONS))


def test_the_slower_topic_decides_on_the_clock(run: Run, spark: SparkSession) -> None:
    backlog: list[Batch] = [([], hours_of("BTC", at(0), 48)), PAUSE, ([post("1", at(12)), Beat(at(13))], [])]
    assert run(backlog) == NOTHING
    policy = "spark.sql.streaming.multipleWatermarkPolicy"
    kept = spark.conf.get(policy)
    spark.conf.set(policy, "max")
    try:
        assert run(backlog).absent >= 2
    finally:
        spark.conf.set(policy, str(kept))
