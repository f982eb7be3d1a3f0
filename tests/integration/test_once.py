"""`--once` over a broker, a database and a lake: what comes out, once, in both places."""

from __future__ import annotations

import polars as pl
import pytest

from newswake.health.read import read_application
from streaming.app import QUERIES
from streaming.schemas import TABLES
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.messages import publish, publish_raw
from tests.worlds.oracle import KEY, Difference, closes, difference, expected, final_watermark
from tests.worlds.world import Observed, World, at, beats, hours_of

pytestmark = [pytest.mark.spark, pytest.mark.integration]

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)


def wanted(world: World) -> pl.DataFrame:
    return expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))


def assert_prices(pipeline: Pipeline, world: World) -> None:
    """Row by row in both sinks, and under the agreed ids."""
    assert difference(pipeline.table("post_prices"), wanted(world)) == Difference()
    assert difference(pipeline.prices_in_mongo(), wanted(world)) == Difference()
    ids = {":".join(map(str, key)) for key in wanted(world).select(KEY).iter_rows()}
    assert set(pipeline.documents("post_prices")) == ids


def assert_candles(pipeline: Pipeline, world: World) -> None:
    minutes = closes(world.candles).rename({"target_open": "open_time", "price": "close"})
    names = ["symbol", "open_time", "close", "filled"]
    held = pipeline.table("candles").select(names).cast({"open_time": minutes.schema["open_time"]})
    assert held.sort(names).equals(minutes.select(names).sort(names))
    documents = pipeline.documents("candles")
    assert len(documents) == minutes.height
    for symbol, time, close, filled in minutes.select(names).iter_rows():
        document = documents[f"binance:{symbol}/USDT:1m:{int(time.timestamp() * 1000)}"]
        assert (document["close"], document["filled"], document["open_time"]) == (close, filled, time)


def assert_posts(pipeline: Pipeline, world: World) -> None:
    """Every observation in the lake; the newest state of each post, and when it was first listed as hot, in MongoDB."""
    observed = [item for item in world.posts if isinstance(item, Observed)]
    held = pipeline.table("posts")
    names = ["post_id", "seen_at", "published_at", "hot"]
    assert sorted(held.select(names).rows(), key=str) == sorted(
        ((item.post_id, item.seen_at, item.published_at, item.hot) for item in observed), key=str
    )
    by_post: dict[str, list[Observed]] = {}
    for item in observed:
        by_post.setdefault(item.post_id, []).append(item)
    documents = pipeline.documents("posts")
    assert set(documents) == {f"cryptopanic:{post_id}" for post_id in by_post}
    for post_id, items in by_post.items():
        document, newest = documents[f"cryptopanic:{post_id}"], max(items, key=lambda item: item.seen_at)
        hot_at = min((item.seen_at for item in items if item.hot), default=None)
        assert (document["published_at"], document["hot"]) == (newest.published_at, newest.hot)
        assert (document["first_seen_at"], document["hot_at"]) == (items[0].seen_at, hot_at)
        assert document["currencies"] == list(newest.currencies)


REFUSED = {
    b"": "empty",
    b"no json": "not a JSON object",
    b'{"id": "1", "title": "no time", "hot": true}': "no published_at",
    b'{"id": "1"} {"id": "2"}': "more than one JSON document",
    b'{"heartbeat": 99999999999999, "source": "cryptopanic"}': "lies in the future",
}


def test_a_world_comes_out_once_in_both_places(pipeline: Pipeline) -> None:
    world = live_world(seed=21, hours=60, posts=40, quiet=(20, 32))
    publish(pipeline.settings, world, avro=True)
    topic = pipeline.settings.kafka.posts_topic
    publish_raw(pipeline.settings, topic, *REFUSED)
    pipeline.once()
    assert_prices(pipeline, world)
    assert_candles(pipeline, world)
    assert_posts(pipeline, world)
    application = read_application(pipeline.database)
    assert application is not None and application.once
    ended = {query.name: (query.active, query.failed) for query in application.queries}
    assert ended == dict.fromkeys(QUERIES, (False, False)), "none is told as failed"

    letters = pipeline.table("dead_letters")
    reasons = dict(letters.select("value", "reason").iter_rows())
    assert letters.height == len(REFUSED)
    for value, reason in REFUSED.items():
        assert reason in reasons[value]
    documents = pipeline.documents("dead_letters")
    places = [f"{topic}:{partition}:{offset}" for partition, offset in letters.select("partition", "offset").rows()]
    assert set(documents) == set(places)
    assert {document["value"]: document["reason"] for document in documents.values()} == reasons

    before, documents = pipeline.versions(), {name: pipeline.documents(name) for name in TABLES}
    pipeline.once()
    assert pipeline.versions() == before
    assert {name: pipeline.documents(name) for name in TABLES} == documents


@pytest.mark.long
def test_a_replay_told_twice_and_a_start_from_nothing_give_the_same_rows(pipeline: Pipeline) -> None:
    world = live_world(seed=23, hours=40, posts=25, quiet=(12, 20))
    publish(pipeline.settings, world)
    pipeline.once()
    assert_prices(pipeline, world)
    before, first = pipeline.versions(), pipeline.documents("post_prices")

    publish(pipeline.settings, world)
    pipeline.once()
    assert pipeline.versions() == before
    assert pipeline.documents("post_prices") == first

    pipeline.wipe()
    pipeline.once()
    assert pipeline.documents("post_prices") == first
    assert_candles(pipeline, world)
    assert_posts(pipeline, world)


@pytest.mark.long
def test_candles_first_in_small_portions_and_a_stop_in_between_give_the_same_rows(pipeline: Pipeline) -> None:
    # Only the join runs, so that no repair can make good what it loses.
    world = live_world(seed=25, hours=60, posts=40, quiet=(20, 32))
    third = len(world.posts) // 3
    publish(pipeline.settings, World((), world.candles))
    pipeline.once(["post_prices"], max_offsets_per_trigger=len(world.candles) // 72)
    publish(pipeline.settings, World(world.posts[:third], ()))
    pipeline.once(["post_prices"])
    publish(pipeline.settings, World(world.posts[third:], ()))
    pipeline.once(["post_prices"])
    assert_prices(pipeline, world)


def test_posts_are_read_to_the_end_however_small_the_portions_of_candles(pipeline: Pipeline) -> None:
    posts = [Observed(at(k / 10), f"{k}", at(k / 10)) for k in range(100)]
    world = World((*posts, *beats(at(10), at(40))), tuple(hours_of("BTC", at(0), 40)))
    publish(pipeline.settings, world)
    pipeline.once(["post_prices"], max_offsets_per_trigger=3)
    assert_prices(pipeline, world)
    sources = pipeline.progress("post_prices", 0)["sources"]
    read = [(source["description"], source["numInputRows"]) for source in sources]
    settings = pipeline.settings.kafka
    by_topic = {
        topic: n for topic in (settings.posts_topic, settings.candles_topic) for what, n in read if topic in what
    }
    assert by_topic == {settings.posts_topic: len(world.posts), settings.candles_topic: 27}
