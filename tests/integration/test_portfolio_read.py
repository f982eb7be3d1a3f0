"""The portfolio over the tables of a real database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from dashboard import portfolio
from dashboard.models.portfolio import NewHolding
from tests.conftest import Fresh

pytestmark = pytest.mark.integration

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def database(fresh: Fresh) -> Iterator[Database[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](fresh.settings.mongo.uri.get_secret_value(), tz_aware=True) as client:
        yield client[fresh.settings.mongo.database]


def test_it_is_worth_the_newest_closes_and_was_moved_by_the_posts_of_the_last_day(
    fresh: Fresh, database: Database[dict[str, Any]]
) -> None:
    settings = fresh.settings
    for coin, amount, paid in (("BTC", 2.0, 90.0), ("ETH", 1.0, 10.0)):
        portfolio.add(settings, NewHolding(coin=coin, amount=amount, paid=paid))
    market = {"exchange": "binance", "quote": "USDT", "symbol": "BTC"}
    database["candles"].insert_many(
        [
            {**market, "open_time": NOW - 2 * MINUTE, "close": 50.0},
            {**market, "open_time": NOW - MINUTE, "close": 100.0},
            {**market, "open_time": NOW - MINUTE, "close": 7.0, "exchange": "another"},
        ]
    )
    for id, published_at in (("in", NOW), ("edge", NOW - DAY), ("old", NOW - DAY - MINUTE)):
        database["posts"].insert_one({"_id": f"rss:{id}", "title": f"Title {id}"})
        row = {"source": "rss", "post_id": id, "symbol": "BTC", "published_at": published_at}
        database["post_prices"].insert_many(
            [{**row, "horizon_minutes": h, "price": price} for h, price in ((0, 100.0), (5, 101.0), (60, 95.0))]
        )
    found = portfolio.portfolio(database, settings, NOW)
    assert (found.value, found.cost, found.profit, found.unpriced) == (200.0, 190.0, 20.0, ["ETH"])
    assert found.holdings[0].price_at == NOW
    (moved,) = found.moved_by
    assert (moved.post_id, moved.title, moved.horizon_minutes) == ("rss:in", "Title in", 60)
    assert (moved.change, moved.effect) == (pytest.approx(-0.05), pytest.approx(-10.0))
    (moved,) = portfolio.portfolio(database, settings, NOW, horizon=5).moved_by
    assert moved.effect == pytest.approx(2.0)
    assert portfolio.portfolio(database, settings, None).moved_by == []
