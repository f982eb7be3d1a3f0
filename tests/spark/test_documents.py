"""Documents as MongoDB keeps them: their ids, and the newest state of each post."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from streaming.schemas import CANDLES, DEAD_LETTERS, POST_PRICES, POSTS
from streaming.sinks.documents import (
    MAX_BYTES_SHOWN,
    POST_DOCUMENT,
    candle_documents,
    dead_letter_documents,
    newest_posts,
    post_price_documents,
)

pytestmark = pytest.mark.spark

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)


def observation(post_id: str, minute: int, **values: Any) -> Row:
    given = {"source": "rss", "seen_at": NOON + timedelta(minutes=minute), "published_at": NOON, **values}
    return Row(**{name: given.get(name, post_id if name == "post_id" else None) for name in POSTS.names})


def folded(spark: SparkSession, batches: list[list[Row]]) -> list[dict[str, Any]]:
    """The documents after batches were written one after the other; times as minutes after noon."""
    held: DataFrame = spark.createDataFrame([], POST_DOCUMENT)
    for batch in batches:
        kept = newest_posts(spark.createDataFrame(batch, POSTS), held).collect()
        held = spark.createDataFrame(kept, POST_DOCUMENT)
    minutes = {
        name: ((F.unix_seconds(name) - int(NOON.timestamp())) / 60).cast("int")
        for name in ("seen_at", "first_seen_at", "hot_at")
    }
    rows = held.withColumns(minutes).select("_id", "title", "hot", *minutes).collect()
    return sorted((row.asDict() for row in rows), key=lambda row: row["_id"])


def test_the_newest_observation_stays_whatever_the_order(spark: SparkSession) -> None:
    chance = random.Random(5)
    told = [
        observation(post_id, minute, title=f"{post_id} at {minute}", hot=chance.choice([None, False, True]))
        for post_id in ("a", "b", "c")
        for minute in chance.sample(range(60), 4)
    ]
    wanted = []
    for post_id in ("a", "b", "c"):
        mine = sorted((row for row in told if row["post_id"] == post_id), key=lambda row: row["seen_at"])
        minutes = [(row["seen_at"] - NOON) // timedelta(minutes=1) for row in mine]
        hot = [minute for minute, row in zip(minutes, mine, strict=True) if row["hot"]]
        state = {"_id": f"rss:{post_id}", "title": mine[-1]["title"], "hot": mine[-1]["hot"], "seen_at": minutes[-1]}
        wanted.append(state | {"first_seen_at": minutes[0], "hot_at": min(hot, default=None)})
    for _ in range(2):
        chance.shuffle(told)
        assert folded(spark, [told[:5], told[5:]]) == wanted
    assert any(row["hot_at"] is not None for row in wanted)


def test_a_batch_that_is_written_again_changes_nothing(spark: SparkSession) -> None:
    older, newer = observation("a", 1, title="older", hot=True), observation("a", 9, title="newer", hot=False)
    once = folded(spark, [[older], [newer]])
    assert once == folded(spark, [[older], [newer], [older], [newer], [older]])
    assert once[0] == {
        "_id": "rss:a", "title": "newer", "hot": False, "seen_at": 9, "first_seen_at": 1, "hot_at": 1,
    }  # fmt: skip


def test_the_same_id_in_two_sources_is_two_posts(spark: SparkSession) -> None:
    rows = [observation("1", 0), observation("1", 0, source="cryptopanic")]
    assert [row["_id"] for row in folded(spark, [rows])] == ["cryptopanic:1", "rss:1"]


def test_ids_of_prices_tell_post_coin_and_horizon_apart(spark: SparkSession) -> None:
    keys = [("rss", "tag:x,2025:1", "BTC", 60), ("rss", "tag:x,2025:1", "BTC", 6), ("rss", "1", "BTC", 60)]
    named = [dict(zip(("source", "post_id", "symbol", "horizon_minutes"), key, strict=True)) for key in keys]
    rows = [Row(**{name: values.get(name) for name in POST_PRICES.names}) for values in named]
    found = [row["_id"] for row in post_price_documents(spark.createDataFrame(rows, POST_PRICES)).collect()]
    assert found == ["rss:tag:x,2025:1:BTC:60", "rss:tag:x,2025:1:BTC:6", "rss:1:BTC:60"]


def test_candles_expire_by_their_age_behind_the_newest(spark: SparkSession) -> None:
    names = {"symbol": "BTC", "quote": "USDT", "exchange": "binance", "interval": "1m"}
    rows = [
        Row(**{name: (names | {"open_time": NOON - timedelta(days=age)}).get(name) for name in CANDLES.names})
        for age in (0, 3)
    ]
    documents = candle_documents(spark.createDataFrame(rows, CANDLES), ttl_days=10)
    ids = documents.select("_id").collect()
    assert {row["_id"] for row in ids} == {
        f"binance:BTC/USDT:1m:{int((NOON - timedelta(days=age)).timestamp()) * 1000}" for age in (0, 3)
    }
    assert days_left(documents) == pytest.approx([7, 10], abs=0.01)


def test_history_that_comes_after_newer_candles_does_not_expire_by_its_age(spark: SparkSession) -> None:
    years_ago = datetime(2012, 1, 6, 12, tzinfo=UTC)
    rows = [
        Row(**{name: years_ago - timedelta(days=age) if name == "open_time" else None for name in CANDLES.names})
        for age in (0, 4)
    ]
    documents = candle_documents(spark.createDataFrame(rows, CANDLES), ttl_days=10)
    assert days_left(documents) == pytest.approx([6, 10], abs=0.01)


def days_left(documents: DataFrame) -> list[float]:
    """Until each document expires, the oldest candle first."""
    left = (F.unix_timestamp("expire_at") - F.unix_timestamp()) / 86_400
    return [row[0] for row in documents.orderBy("open_time").select(left).collect()]


def test_a_dead_letter_is_cut_for_a_document_and_tells_its_length(spark: SparkSession) -> None:
    rows = [
        Row(topic="t", partition=1, offset=7, kafka_time=NOON, key=None, value=value, reason="garbage")
        for value in (b"\xff\x00", b"x" * (MAX_BYTES_SHOWN + 5), None)
    ]
    found = dead_letter_documents(spark.createDataFrame(rows, DEAD_LETTERS), 90).collect()
    assert {row["_id"] for row in found} == {"t:1:7"}
    assert [row["value_bytes"] for row in found] == [2, MAX_BYTES_SHOWN + 5, None]
    assert [None if row["value"] is None else len(row["value"]) for row in found] == [2, MAX_BYTES_SHOWN, None]
    assert bytes(found[0]["value"]) == b"\xff\x00"
