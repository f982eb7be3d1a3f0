"""What grows with the input: the application over every pair of so many coins and so many posts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.speed.application import QUERIES, process_once, reports
from benchmarks.speed.load import Load, publish
from benchmarks.speed.stand import Stand
from benchmarks.speed.usage import Usage

TIMEOUT_SECONDS = 7_200.0


@dataclass(frozen=True)
class Point:
    """`state_rows` and `state_bytes` are the largest of any batch of the join, as Spark reports them."""

    load: Load
    rows: int
    usage: Usage
    state_rows: int
    state_bytes: int


def measure(
    stand: Stand, coins: Sequence[int], posts: Sequence[int], hours: int, horizons: tuple[int, ...], seed: int,
    say: Callable[[str], None],
) -> Iterator[Point]:  # fmt: skip
    """Each point has topics, tables and a database of its own. Raises `RuntimeError` when a price is not there."""
    for coin_count in coins:
        for post_count in posts:
            load = Load(coin_count, coin_count * hours * 60, post_count, seed, horizons)
            place = stand.with_topics_of(f"{coin_count}-{post_count}").with_home_of(f"{coin_count}-{post_count}")
            publish(load, place.settings.kafka)
            usage, outcome = process_once(place, QUERIES, TIMEOUT_SECONDS)
            if outcome.rows != load.due:
                raise RuntimeError(f"{outcome.rows} prices of {load.due} for {coin_count} coins, {post_count} posts")
            operators = [report["stateOperators"] for report in reports(place, "post_prices")]
            say(f"{coin_count} coins, {post_count} posts: {usage.seconds:.0f} s, {usage.cpu_seconds:.0f} CPU s")
            yield Point(
                load,
                outcome.rows,
                usage,
                max(sum(one["numRowsTotal"] for one in batch) for batch in operators),
                max(sum(one["memoryUsedBytes"] for one in batch) for batch in operators),
            )
