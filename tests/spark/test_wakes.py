"""`impacts` against the same computed in plain Python."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from streaming.schemas import POST_PRICES, POSTS
from streaming.transforms.wakes import impacts

pytestmark = pytest.mark.spark

START = datetime(2025, 1, 6, tzinfo=UTC)
HORIZONS = (0, 1, 60)


def drawn(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Prices of some posts, some of them missing, and observations, of one post none."""
    chance = random.Random(seed)
    prices: list[dict[str, Any]] = []
    posts: list[dict[str, Any]] = []
    for number in range(30):
        post = {"source": chance.choice(["rss", "cryptopanic"]), "post_id": f"{number}"}
        published = START + timedelta(minutes=number)
        for symbol in chance.sample(["BTC", "ETH", "XRP"], chance.randint(1, 3)):
            for horizon in HORIZONS:
                price = chance.choice([None, chance.uniform(1, 9)])
                status = "missing" if price is None else "exact"
                at = {"published_at": published, "target_time": published + timedelta(minutes=horizon)}
                row = {"symbol": symbol, "horizon_minutes": horizon, "price": price, "price_status": status}
                prices.append(post | row | at)
        for seen in chance.sample(range(100), chance.randint(1, 3)) if number else ():
            hot = chance.choice([None, None, False, True])
            seen_at = START + timedelta(minutes=seen)
            posts.append(post | {"title": f"{number} at {seen}", "url": f"u{seen}", "hot": hot, "seen_at": seen_at})
    return prices, posts


def oracle(prices: list[dict[str, Any]], posts: list[dict[str, Any]]) -> dict[tuple[str, str, str], dict[str, Any]]:
    by_key = itertools.groupby(prices, key=lambda row: (row["source"], row["post_id"], row["symbol"]))
    wanted = {}
    for key, rows in ((key, list(rows)) for key, rows in by_key):
        by_horizon = {row["horizon_minutes"]: row["price"] for row in rows}
        seen = [row for row in posts if (row["source"], row["post_id"]) == key[:2]]
        seen.sort(key=lambda row: row["seen_at"])
        known = [row["hot"] for row in seen if row["hot"] is not None]
        wanted[key] = {
            "published_at": rows[0]["published_at"],
            "prices": by_horizon,
            "statuses": {row["horizon_minutes"]: row["price_status"] for row in rows},
            "returns": {horizon: change(by_horizon[0], price) for horizon, price in by_horizon.items()},
            "title": seen[-1]["title"] if seen else None,
            "url": seen[-1]["url"] if seen else None,
            "hot": True if any(known) else (seen[-1]["hot"] if seen else None),
            "hot_at": next((row["seen_at"] for row in seen if row["hot"]), None),
            "first_seen_at": seen[0]["seen_at"] if seen else None,
        }
    return wanted


def change(before: float | None, after: float | None) -> Any:
    """A fraction, null where either price is missing."""
    return None if before is None or after is None else pytest.approx((after - before) / before)


def as_rows(rows: list[dict[str, Any]], names: list[str]) -> list[Row]:
    return [Row(**{name: row.get(name) for name in names}) for row in rows]


def test_impacts_are_those_of_the_oracle(spark: SparkSession) -> None:
    prices, posts = drawn(seed=9)
    wanted = oracle(prices, posts)
    result = impacts(
        spark.createDataFrame(as_rows(prices, POST_PRICES.names), POST_PRICES),
        spark.createDataFrame(as_rows(posts, POSTS.names), POSTS),
    ).collect()
    found = {(row["source"], row["post_id"], row["symbol"]): row.asDict(recursive=True) for row in result}
    assert len(found) == len(result), "a post and coin is doubled"
    assert found.keys() == wanted.keys()
    for key, expected in wanted.items():
        for name, value in expected.items():
            actual = found[key][name]
            if isinstance(actual, datetime):
                actual, value = actual.timestamp(), value.timestamp()
            assert actual == value, (key, name)
    returns = [value for row in found.values() for value in row["returns"].values()]
    assert None in returns and any(value for value in returns)
    assert {row["hot"] for row in found.values()} == {None, False, True}
