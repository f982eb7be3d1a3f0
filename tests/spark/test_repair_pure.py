"""What the repair finds unpriced and how it prices it, on static tables, against the definitions."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from streaming.parsing.candles import parse_candles
from streaming.parsing.posts import parse_posts
from streaming.queries import candles, posts
from streaming.repair import Seen, price, unpriced
from streaming.schemas import CANDLES, KEYS, POST_PRICES
from streaming.transforms.first import first_by
from tests.spark.frames import kafka_frame
from tests.spark.oracle import codes, expected
from tests.spark.small_worlds import START, Candles, Observed, World, close_of, moment

pytestmark = pytest.mark.spark

HORIZONS = (0, 5, 60)
HOUR = 3_600
KEY = KEYS["post_prices"]
Key = tuple[str, str, str, int]
Priced = dict[Key, dict[str, Any]]


def drawn(seed: int) -> World:
    """Two days of posts and hour pages of two coins; some seen at once, some much later, some never."""
    chance = random.Random(seed)
    # Seen shortly before the moment up to which the last repair had looked; nothing prices it.
    told = [Observed("overlap", 5 * HOUR, 23 * HOUR + 1_800, ("GHOST",))]
    for number in range(30):
        published = chance.randrange(2 * HOUR, 40 * HOUR)
        tags = tuple(chance.sample(["BTC", "ETHER", "GHOST"], chance.randint(1, 2)))
        for _ in range(chance.choice([1, 1, 2])):
            seen = published + chance.choice([60, 60, 12 * HOUR])
            told.append(Observed(f"p{number}", published, seen, tags, chance.choice([None, False, True])))
    pages = []
    for symbol in ("BTC", "ETHER"):
        for hour in range(48):
            minutes = [hour * 60 + place for place in range(60) if chance.random() > 0.1]
            late = chance.choice([0, 0, 0, 9 * HOUR])
            pages.append(Candles(symbol, {at: close_of(symbol, at) for at in minutes}, (hour + 1) * HOUR + late))
    chance.shuffle(told)
    chance.shuffle(pages)
    return World(tuple(told), tuple(pages))


WORLD = drawn(seed=21)
UNTIL = moment(30 * HOUR)
SINCE = Seen(until=moment(20 * HOUR), seen_at=moment(24 * HOUR))
OVERLAP = timedelta(hours=1)


def wanted(join_posts: str) -> Priced:
    """Every row whose hour is not after `UNTIL`, by key."""
    rows = expected(WORLD, HORIZONS, join_posts).iter_rows(named=True)
    return {tuple(row[name] for name in KEY): row for row in rows if hour_of(row) <= UNTIL}  # type: ignore[misc]


def hour_of(row: dict[str, Any]) -> datetime:
    closed: datetime = row["target_time"] - timedelta(minutes=1)
    return closed.replace(minute=0, second=0, microsecond=0)


def held(rows: Priced, seed: int) -> Priced:
    """What the stream has written: most rows as they must be, some as missing, some not at all."""
    chance = random.Random(seed)
    kept = {}
    for key, row in rows.items():
        fate = chance.choice(["right", "right", "missing", "absent"])
        if fate != "absent":
            lost = {"price": None, "price_status": "missing", "exchange": None} if fate == "missing" else {}
            kept[key] = {**row, **lost}
    return kept


def as_frame(spark: SparkSession, rows: Priced) -> DataFrame:
    return spark.createDataFrame(
        [Row(**{n: row.get(n) for n in POST_PRICES.names}) for row in rows.values()], POST_PRICES
    )


@pytest.fixture(scope="module")
def tables(spark: SparkSession) -> tuple[DataFrame, DataFrame]:
    """`posts` and `candles` as the queries keep them."""
    told = kafka_frame(spark, [post.message() for post in WORLD.posts])
    pages = kafka_frame(spark, [page.message() for page in WORLD.candles])
    minutes = first_by(candles.build(parse_candles(pages, 300)), KEYS["candles"], ["seen_at", "position"])
    return posts.build(parse_posts(told, 300)).drop("position").persist(), minutes.select(*CANDLES.names).persist()


def key_of(row: Row) -> Key:
    return row["source"], row["post_id"], row["symbol"], row["horizon_minutes"]


@pytest.mark.parametrize("join_posts", ["all", "hot"])
def test_a_repair_of_everything_leaves_the_table_as_it_must_be(
    spark: SparkSession, tables: tuple[DataFrame, DataFrame], join_posts: Any
) -> None:
    right = wanted(join_posts)
    present = held(right, seed=4)
    owed = unpriced(
        *tables, as_frame(spark, present), horizons=HORIZONS, join_posts=join_posts, until=UNTIL, since=None
    ).persist()
    found = {key_of(row): row["is_stated"] for row in owed.collect()}
    assert found == {key: key in present for key in right if present.get(key, {}).get("price") is None}

    times = {name: F.unix_micros(name) for name in ("published_at", "seen_at", "target_time")}
    rows = price(*tables, owed, horizons=HORIZONS, lateness_minutes=60, join_posts=join_posts, until=UNTIL, at=UNTIL)
    changes = {key_of(row): row for row in rows.withColumns(times).collect()}
    owed.unpersist()
    assert changes.keys() == {key for key in found if right[key]["price"] is not None or key not in present}, (
        "a missing row that stays missing is not written again"
    )
    for key, row in changes.items():
        same = ("price", "price_status", "exchange", "hot")
        assert [row[name] for name in same] == [right[key][name] for name in same]
        assert [row[name] for name in times] == [round(right[key][name].timestamp() * 1e6) for name in times]
        assert (row["repaired_at"] is None) == (row["price"] is None)
    statuses = {row["price_status"] for row in changes.values()}
    assert statuses == {"exact", "missing"}


def test_with_since_only_what_is_new_is_looked_at(spark: SparkSession, tables: tuple[DataFrame, DataFrame]) -> None:
    right = wanted("all")
    present = held(right, seed=8)
    table = as_frame(spark, present)
    owed = unpriced(*tables, table, horizons=HORIZONS, join_posts="all", until=UNTIL, since=SINCE)
    found = {key_of(row) for row in owed.collect()}

    unpriced_keys = {key for key in right if present.get(key, {}).get("price") is None}
    reasons = new_reasons()
    assert found == {key for key in unpriced_keys if any(is_new(right[key]) for is_new in reasons.values())}
    assert found < unpriced_keys
    for name, is_new in reasons.items():
        others = [other for other in reasons if other != name]
        alone = [key for key in found if is_new(right[key]) and not any(reasons[other](right[key]) for other in others)]
        assert alone, f"no row is there only because of: {name}"


def new_reasons() -> dict[str, Callable[[dict[str, Any]], bool]]:
    """Why a row is looked at again."""
    after = SINCE.seen_at - OVERLAP
    last_seen: dict[str, datetime] = {}
    for post in WORLD.posts:
        if codes(post.tags):
            last_seen[post.post_id] = max(moment(post.seen), last_seen.get(post.post_id, START))
    arrived = {
        (page.symbol, moment(minute * 60 + 60))
        for page in WORLD.candles
        if moment(page.seen) >= after
        for minute in page.closes
    }
    return {
        "it became due": lambda row: hour_of(row) > SINCE.until,
        "its post was observed": lambda row: last_seen[row["post_id"]] >= after,
        "its candle came": lambda row: (row["symbol"], row["target_time"]) in arrived,
    }


def test_with_since_the_candles_are_read_once(spark: SparkSession, tables: tuple[DataFrame, DataFrame]) -> None:
    """What came in of them is asked for in several places, and sent to each task: 147,000 minutes on a first start."""
    named = [frame.observe(name, F.count("*")) for name, frame in zip(("told", "paged"), tables, strict=True)]
    present = as_frame(spark, held(wanted("all"), seed=8))
    owed = unpriced(*named, present, horizons=HORIZONS, join_posts="all", until=UNTIL, since=SINCE)
    plan = owed._jdf.queryExecution().executedPlan().toString()
    assert "CollectMetrics told" in plan and "CollectMetrics paged" not in plan
