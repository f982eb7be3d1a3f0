"""Delta and MongoDB against the truth, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from confluent_kafka import Consumer, TopicPartition

from newswake.clock import to_ms
from newswake.kafka import client_config
from newswake.offsets import bounds
from newswake.settings import Kafka, Settings
from tests.chaos.month import HORIZONS, is_garbage
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES
from tests.worlds.oracle import KEY, PRICE_COLUMNS, closes, expected, final_watermark
from tests.worlds.world import EXCHANGE, QUOTE, SOURCE, Observed, World

Key = tuple[Any, ...]
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Verdict:
    """Of one table in one place: rows that are there, that have another value (or nobody asked for), that are lost,
    that are there more than once."""

    table: str
    rows: int
    wrong: int
    lost: int
    double: int

    @property
    def is_right(self) -> bool:
        return not (self.wrong or self.lost or self.double)


def judge(settings: Settings, world: World) -> list[Verdict]:
    """All four tables in both places."""
    pipeline = Pipeline(None, settings)
    try:
        return [
            _compare("posts, Delta", _observations(pipeline), _told_observations(world)),
            _compare("posts, MongoDB", _newest_posts(pipeline), _told_posts(world)),
            _compare("candles, Delta", _candles(pipeline.table("candles").iter_rows(named=True)), _told_candles(world)),
            _compare("candles, MongoDB", _documents(pipeline, "candles"), _told_candles(world)),
            _compare("post_prices, Delta", _prices(pipeline.table("post_prices")), _told_prices(world)),
            _compare("post_prices, MongoDB", _prices(pipeline.prices_in_mongo()), _told_prices(world)),
            _compare("dead_letters, Delta", _letters(pipeline), _told_garbage(settings.kafka)),
            _compare("dead_letters, MongoDB", _letter_documents(pipeline), _told_garbage(settings.kafka)),
        ]
    finally:
        pipeline.close()


def _compare(table: str, actual: Iterable[tuple[Key, Row]], wanted: Mapping[Key, Row]) -> Verdict:
    rows = list(actual)
    times = Counter(key for key, _ in rows)
    wrong = sum(wanted.get(key) != row for key, row in dict(rows).items())
    lost = sum(key not in times for key in wanted)
    return Verdict(table, len(rows), wrong, lost, len(rows) - len(times))


def _observations(pipeline: Pipeline) -> Iterable[tuple[Key, Row]]:
    for row in pipeline.table("posts").iter_rows(named=True):
        yield (row["source"], row["post_id"], row["seen_at"]), (row["published_at"], row["hot"], row["currencies"])


def _told_observations(world: World) -> dict[Key, Row]:
    return {
        (SOURCE, item.post_id, item.seen_at): (item.published_at, item.hot, list(item.currencies))
        for item in world.posts
        if isinstance(item, Observed)
    }


def _newest_posts(pipeline: Pipeline) -> Iterable[tuple[Key, Row]]:
    names = ("published_at", "hot", "currencies", "seen_at", "first_seen_at", "hot_at")
    for key, document in pipeline.documents("posts").items():
        yield (key,), tuple(document[name] for name in names)


def _told_posts(world: World) -> dict[Key, Row]:
    by_post: dict[str, list[Observed]] = {}
    for item in world.posts:
        if isinstance(item, Observed):
            by_post.setdefault(item.post_id, []).append(item)
    found: dict[Key, Row] = {}
    for post_id, items in by_post.items():
        newest = max(items, key=lambda item: item.seen_at)
        hot_at = min((item.seen_at for item in items if item.hot), default=None)
        state = (newest.published_at, newest.hot, list(newest.currencies), newest.seen_at)
        found[(f"{SOURCE}:{post_id}",)] = (*state, min(item.seen_at for item in items), hot_at)
    return found


def _candles(rows: Iterable[Mapping[str, Any]]) -> Iterable[tuple[Key, Row]]:
    for row in rows:
        names = ("open", "high", "low", "close", "volume", "filled")
        yield (row["exchange"], row["symbol"], row["quote"], to_ms(row["open_time"])), tuple(row[n] for n in names)


def _documents(pipeline: Pipeline, name: str) -> Iterable[tuple[Key, Row]]:
    """The documents, whose `_id` must be that of their row."""
    for key, document in pipeline.documents(name).items():
        ((row_key, row),) = _candles([document])
        exchange, symbol, quote, open_ms = row_key
        yield row_key if key == f"{exchange}:{symbol}/{quote}:1m:{open_ms}" else (key,), row


def _told_candles(world: World) -> dict[Key, Row]:
    return {
        (EXCHANGE, symbol, QUOTE, to_ms(time)): (close, close, close, close, 1.5, filled)
        for symbol, time, close, filled in closes(world.candles)
        .select("symbol", "target_open", "price", "filled")
        .iter_rows()
    }


def _prices(frame: pl.DataFrame) -> Iterable[tuple[Key, Row]]:
    values = [name for name in PRICE_COLUMNS if name not in KEY]
    for row in frame.iter_rows(named=True):
        yield tuple(row[name] for name in KEY), tuple(row[name] for name in values)


def _told_prices(world: World) -> dict[Key, Row]:
    return dict(_prices(expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))))


def _letters(pipeline: Pipeline) -> Iterable[tuple[Key, Row]]:
    for row in pipeline.table("dead_letters").iter_rows(named=True):
        yield (row["topic"], row["partition"], row["offset"]), (row["value"], bool(row["reason"]))


def _letter_documents(pipeline: Pipeline) -> Iterable[tuple[Key, Row]]:
    for document in pipeline.documents("dead_letters").values():
        key = (document["topic"], document["partition"], document["offset"])
        yield key, (bytes(document["value"]), bool(document["reason"]))


def _told_garbage(kafka: Kafka) -> dict[Key, Row]:
    """What is on the topics and is to be refused: a producer that was killed may have told some of it twice."""
    consumer = Consumer({**client_config(kafka), "group.id": "chaos", "enable.auto.commit": False})
    found: dict[Key, Row] = {}
    try:
        for topic in (kafka.posts_topic, kafka.candles_topic):
            for partition, (first, end) in bounds(consumer, topic, 10).items():
                consumer.assign([TopicPartition(topic, partition, first)])
                for _ in range(end - first):
                    message = consumer.poll(10)
                    assert message is not None and message.error() is None
                    if is_garbage(value := message.value() or b""):
                        found[topic, partition, message.offset()] = (value, True)
    finally:
        consumer.close()
    return found
