"""Whatever is in the topics: the queries keep running, the clock stays, each message ends in exactly one place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from newswake.clock import to_iso, to_ms
from newswake.kafka import client_config, ensure_topics
from newswake.offsets import bounds
from newswake.settings import Kafka
from tests.integration.pipeline import Pipeline
from tests.spark import candle_corpus, post_corpus
from tests.spark.frames import Case, as_json
from tests.spark.test_parsing_avro import ODD as ODD_AVRO
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.messages import as_bytes
from tests.worlds.oracle import Difference, closes, difference, expected, final_watermark
from tests.worlds.world import Beat, Observed, World

pytestmark = [pytest.mark.spark, pytest.mark.integration]

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
LARGE = 10_000_000
FUTURE = "lies in the future"


def ahead(**span: float) -> datetime:
    """A moment after now, which is when the broker gets the messages."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(**span)


def bad_posts() -> list[Case]:
    """The corpus, but what was in the future for its day only; and what is in the future for any."""
    dated = [
        Case("published ten years ahead", as_json(post_corpus.post(published_at=to_iso(ahead(days=3650)))), FUTURE),
        Case("published in an hour", as_json(post_corpus.post(published_at=to_iso(ahead(hours=1)))), FUTURE),
        Case("seen tomorrow", as_json(post_corpus.post(seen_at=to_iso(ahead(days=1)))), FUTURE),
        Case("heartbeat of tomorrow", as_json({"heartbeat": to_ms(ahead(days=1)), "source": "rss"}), FUTURE),
        Case("10 MB of garbage", b"x" * LARGE, "not a JSON object"),
        Case("10 MB of brackets", b"[" * LARGE, "not a JSON object"),
        Case("title of 10 MB", as_json(post_corpus.post(title="x" * LARGE)), "title is longer"),
        Case("10 MB of escapes", b'{"title": "' + b"\\ud83d" * (LARGE // 6) + b'"}', "surrogate"),
        Case("key of 5 MB", as_json(post_corpus.post()), "key is not the id", key=b"k" * (LARGE // 2)),
    ]
    return [*_not_of_its_day(post_corpus.BAD), *dated]


def bad_candles() -> list[Case]:
    next_hour = to_ms(ahead(hours=1)) // 60_000 * 60_000
    dated = [
        Case("opens in an hour", as_json(candle_corpus.page(start=next_hour)), FUTURE),
        Case("seen tomorrow", as_json(candle_corpus.page(seen_at=to_ms(ahead(days=1)))), FUTURE),
        Case("10 MB of garbage", b"\xff" * LARGE, "UTF-8"),
        Case("10 MB of prices", as_json(candle_corpus.page(close=[1.5] * (LARGE // 5))), "differ in length"),
        Case("10 MB of objects", b'{"a":' * (LARGE // 5), "not a JSON object"),
        *ODD_AVRO,
    ]
    return [*_not_of_its_day(candle_corpus.BAD), *dated]


def _not_of_its_day(cases: Sequence[Case]) -> list[Case]:
    far = ("largest", "far away", "beyond")
    return [case for case in cases if "future" not in (case.reason or "") or any(word in case.name for word in far)]


def with_ballast(item: Observed | Beat) -> tuple[bytes, bytes]:
    """A good message of 10 MB: its largest field is one that nobody reads."""
    key, value = as_bytes(item)
    return key, json.dumps(json.loads(value) | {"content": "x" * LARGE}).encode()


def mixed(good: Sequence[tuple[bytes, bytes]], bad: Sequence[Case]) -> Iterator[tuple[bytes | None, bytes | None]]:
    """The bad messages spread among the good ones, which keep their order."""
    every, waiting = max(1, len(good) // len(bad)), iter(bad)
    for place, message in enumerate(good):
        yield message
        if place % every == 0 and (case := next(waiting, None)):
            yield case.key, case.value
    yield from ((case.key, case.value) for case in waiting)


def publish(kafka: Kafka, topic: str, messages: Iterator[tuple[bytes | None, bytes | None]]) -> None:
    """As a stranger does, who does not go by our publisher: everything into one partition, in this order."""
    failures: list[object] = []
    producer = Producer({**client_config(kafka), "message.max.bytes": 2 * LARGE, "compression.type": "lz4"})
    for key, value in messages:
        producer.produce(
            topic, key=key, value=value, partition=0, on_delivery=lambda error, _: error and failures.append(error)
        )
        producer.poll(0)
    assert producer.flush(60) == 0 and not failures, failures


def held(kafka: Kafka, topic: str) -> dict[int, tuple[bytes | None, bytes | None]]:
    """Offset -> key and value of what is in the partition."""
    consumer = Consumer({**client_config(kafka), "group.id": "test", "enable.auto.commit": False})
    _, end = bounds(consumer, topic, 10)[0]
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = {}
    while len(found) < end:
        message = consumer.poll(20)
        assert message is not None and message.error() is None
        found[message.offset()] = (message.key(), message.value())
    consumer.close()
    return found


def test_every_message_ends_in_one_place_and_the_good_ones_around_are_right(pipeline: Pipeline) -> None:
    world = live_world(seed=31, hours=40, posts=30, quiet=(12, 20))
    kafka = pipeline.settings.kafka.model_copy(update={"max_message_bytes": LARGE + 1_000_000})
    ensure_topics(kafka)
    large = next(item for item in world.posts if isinstance(item, Observed))
    posts = [with_ballast(item) if item is large else as_bytes(item) for item in world.posts]
    cases = {kafka.posts_topic: bad_posts(), kafka.candles_topic: bad_candles()}
    publish(kafka, kafka.posts_topic, mixed(posts, cases[kafka.posts_topic]))
    publish(kafka, kafka.candles_topic, mixed([as_bytes(page) for page in world.candles], cases[kafka.candles_topic]))
    pipeline.once(max_offsets_per_trigger=len(world.candles))

    assert_letters(pipeline, kafka, cases)
    until = final_watermark(world, HORIZONS, LATENESS_MINUTES)
    wanted = expected(world, HORIZONS, until)
    assert difference(pipeline.table("post_prices"), wanted) == Difference()
    assert difference(pipeline.prices_in_mongo(), wanted) == Difference()
    assert_tables(pipeline, world)
    reports = pipeline.database["query_progress"].find(
        {"name": "post_prices", "eventTime.watermark": {"$exists": True}}
    )
    marks = [datetime.fromisoformat(report["eventTime"]["watermark"]) for report in reports]
    assert max(marks) == until


def assert_letters(pipeline: Pipeline, kafka: Kafka, cases: dict[str, list[Case]]) -> None:
    """The bad messages, and no other one, each once, whole in the lake, with its reason."""
    table = pipeline.table("dead_letters")
    letters = {(row["topic"], row["offset"]): row for row in table.iter_rows(named=True)}
    messages = {(row["key"], row["value"]) for row in letters.values()}
    assert not [case.name for bad in cases.values() for case in bad if (case.key, case.value) not in messages]
    assert len(letters) == table.height == sum(map(len, cases.values()))
    for topic, bad in cases.items():
        reasons = {(case.key, case.value): case for case in bad}
        refused = {offset: message for offset, message in held(kafka, topic).items() if message in reasons}
        assert {offset for name, offset in letters if name == topic} == set(refused)
        for offset, message in refused.items():
            letter, case = letters[topic, offset], reasons[message]
            assert (letter["key"], letter["value"]) == message, case.name
            assert case.reason and case.reason in letter["reason"], case.name
    documents = pipeline.documents("dead_letters")
    assert {name: document["reason"] for name, document in documents.items()} == {
        f"{topic}:0:{offset}": row["reason"] for (topic, offset), row in letters.items()
    }
    assert max(document["value_bytes"] or 0 for document in documents.values()) >= LARGE


def assert_tables(pipeline: Pipeline, world: World) -> None:
    observed = sorted((item.post_id, item.seen_at) for item in world.posts if isinstance(item, Observed))
    assert sorted(pipeline.table("posts").select("post_id", "seen_at").rows()) == observed
    minutes = sorted(closes(world.candles).select("symbol", "target_open", "price").rows())
    held_rows = pipeline.table("candles").select("symbol", "open_time", "close").rows()
    assert sorted(held_rows) == minutes
