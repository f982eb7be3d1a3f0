"""MongoDB as people see it: views that agree with the pure transformation, indexes, the newest state of a post."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from pyspark.sql import SparkSession

from streaming.sinks import delta, mongo
from streaming.transforms.wakes import impacts
from tests.integration.pipeline import Pipeline
from tests.worlds.live import live_world
from tests.worlds.messages import publish
from tests.worlds.world import Beat, Observed, World, at, hours_of, page

pytestmark = [pytest.mark.spark, pytest.mark.integration]

Impact = dict[str, Any]
POST_AND_COIN = ("source", "post_id", "symbol")
SAID_OF_BOTH = ("published_at", "title", "url", "hot", "hot_at", "first_seen_at", "prices", "statuses", "returns")


def computed(pipeline: Pipeline) -> dict[tuple[str, ...], Impact]:
    """The impacts from the two Delta tables, without Spark and without MongoDB."""
    posts, prices = pipeline.table("posts"), pipeline.table("post_prices").sort("horizon_minutes")
    result: dict[tuple[str, ...], Impact] = {}
    for (source, post_id, symbol), rows in prices.group_by(*POST_AND_COIN, maintain_order=True):
        seen = posts.filter(pl.col("post_id") == post_id).sort("seen_at")
        hot = seen.filter(pl.col("hot"))
        by_horizon = dict(rows.select("horizon_minutes", "price").rows())
        first = by_horizon.get(0)
        result[source, post_id, symbol] = {
            "published_at": rows["published_at"][0],
            "title": seen["title"][-1],
            "url": seen["url"][-1],
            "hot": True if hot.height else (False if seen["hot"][-1] is False else seen["hot"].max()),
            "hot_at": hot["seen_at"].min(),
            "first_seen_at": seen["seen_at"][0],
            "prices": by_horizon,
            "statuses": dict(rows.select("horizon_minutes", "price_status").rows()),
            "returns": {
                horizon: None if price is None or first is None else price / first - 1
                for horizon, price in by_horizon.items()
            },
        }
    return result


def from_mongo(documents: list[dict[str, Any]]) -> dict[tuple[str, ...], Impact]:
    """Horizons are text in MongoDB, where keys of a document must be."""
    return {
        tuple(document[name] for name in POST_AND_COIN): {
            name: by_number(document[name]) if name in ("prices", "statuses", "returns") else document.get(name)
            for name in SAID_OF_BOTH
        }
        for document in documents
    }


def by_number(by_text: dict[str, Any]) -> dict[int, Any]:
    return {int(horizon): value for horizon, value in by_text.items()}


def assert_same(actual: dict[tuple[str, ...], Impact], wanted: dict[tuple[str, ...], Impact]) -> None:
    assert set(actual) == set(wanted)
    for key, impact in wanted.items():
        returns = {h: value if value is None else pytest.approx(value) for h, value in impact["returns"].items()}
        assert actual[key] == {**impact, "returns": returns}


def test_views_agree_with_the_pure_transformation(pipeline: Pipeline) -> None:
    publish(pipeline.settings, live_world(seed=31, hours=50, posts=30, quiet=(16, 24)))
    pipeline.once()
    wanted = computed(pipeline)
    assert sum(value not in (None, 0) for impact in wanted.values() for value in impact["returns"].values()) > 30

    context = pipeline.context()
    frame = impacts(*(delta.read(context.spark, context.table(name)) for name in ("post_prices", "posts")))
    rows = pl.from_arrow(frame.toArrow()).to_dicts()  # type: ignore[union-attr]
    maps = ("prices", "statuses", "returns")
    for one in rows:
        one |= {name: dict(one[name]) if isinstance(one[name], dict) else _pairs(one[name]) for name in maps}
    assert_same({tuple(one[n] for n in POST_AND_COIN): {n: one[n] for n in SAID_OF_BOTH} for one in rows}, wanted)

    assert_same(from_mongo(list(pipeline.database["impacts"].find())), wanted)
    for coin in ("BTC", "ETH"):
        of_coin = {key: impact for key, impact in wanted.items() if key[2] == coin}
        assert of_coin
        assert_same(from_mongo(list(pipeline.database[coin].find())), of_coin)


def _pairs(entries: list[dict[str, Any]]) -> dict[int, Any]:
    return {entry["key"]: entry["value"] for entry in entries}


def test_the_last_hour_counts_back_from_the_newest_candle(pipeline: Pipeline) -> None:
    posts = (
        Observed(at(10, 30), "an hour and a half ago", at(10, 30), hot=True),
        Observed(at(11), "an hour ago", at(11), hot=True),
        Observed(at(11, 20), "hot", at(11, 20), ("BTC", "GHOST"), hot=True),
        Observed(at(11, 40), "not hot", at(11, 40), hot=False),
        Observed(at(11, 50), "hot later", at(11, 50), hot=False),
        Observed(at(11, 55), "hot later", at(11, 50), hot=True),
        Observed(at(11, 58), "hot later", at(11, 50), hot=False),
        Beat(at(12)),
    )
    publish(pipeline.settings, World(posts, tuple(hours_of("BTC", at(8), 4))))
    pipeline.once()
    shown = list(pipeline.database["hot_last_hour"].find())
    assert [document["post_id"] for document in shown] == ["hot later", "hot"]
    hot = shown[1]["impacts"]
    assert [impact["symbol"] for impact in hot] == ["BTC"]
    closes = {horizon: page("BTC", at(11, 19 + horizon), 1).closes[0] for horizon in (0, 1, 5, 15)}
    assert by_number(hot[0]["prices"]) == closes
    assert by_number(hot[0]["returns"]) == {h: pytest.approx(close / closes[0] - 1) for h, close in closes.items()}


def test_collections_have_their_indexes(pipeline: Pipeline) -> None:
    publish(pipeline.settings, World((Beat(at(1)),), ()))
    pipeline.once(["dead_letters"])
    database = pipeline.database
    present = {entry["name"]: entry for entry in database.list_collections()}
    views = {name for name, entry in present.items() if entry["type"] == "view"}
    assert {"impacts", "hot_last_hour", *pipeline.settings.candles.coins} == views
    assert present["query_progress"]["options"]["capped"] is True
    assert pipeline.progress("dead_letters", 0)["numInputRows"] == 1
    of_candles = database["candles"].index_information()
    assert of_candles["expire_at_1"]["expireAfterSeconds"] == 0
    assert "source_1_post_id_1_symbol_1_horizon_minutes_1" in database["post_prices"].index_information()
    assert "published_at_-1__id_-1" in database["posts"].index_information()


def test_an_older_observation_never_replaces_a_newer_one(pipeline: Pipeline) -> None:
    newer = Observed(at(3), "1", at(1), hot=False)
    older = Observed(at(2), "1", at(1), ("ETH",), hot=True)
    for item in (newer, older):
        publish(pipeline.settings, World((item,), ()))
        pipeline.once(["posts"])
    document = pipeline.documents("posts")["cryptopanic:1"]
    assert (document["seen_at"], document["hot"], document["currencies"]) == (at(3), False, ["BTC"])
    assert (document["first_seen_at"], document["hot_at"]) == (at(2), at(2))
    assert pipeline.table("posts").height == 2


def test_what_a_write_that_was_cut_off_left_is_replaced(
    pipeline: Pipeline, spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    """Rows that should be new are inserted; of some, an earlier write has left documents, perhaps other ones."""
    rows = spark.createDataFrame([(f"d{number}", number) for number in range(2_000)], "_id string, value long")
    mongo.write(rows.where("value < 900"), pipeline.settings.mongo, "post_prices", new=True)
    assert not caplog.messages, "none was there: they were inserted"
    pipeline.database["post_prices"].update_many({"value": {"$gte": 500}}, {"$set": {"value": -1}})
    mongo.write(rows, pipeline.settings.mongo, "post_prices", new=True)
    held = {name: document["value"] for name, document in pipeline.documents("post_prices").items()}
    assert held == {f"d{number}": number for number in range(2_000)}
    assert caplog.messages == ["post_prices has documents of this write already: they are replaced"]


def test_another_failure_of_an_insert_is_not_taken_for_that(pipeline: Pipeline, spark: SparkSession) -> None:
    pipeline.database.create_collection("strict", validator={"value": {"$lt": 5}})
    with pytest.raises(Exception, match="Document failed validation"):
        mongo.write(
            spark.createDataFrame([("a", 9)], "_id string, value long"), pipeline.settings.mongo, "strict", new=True
        )
    assert pipeline.database["strict"].count_documents({}) == 0
