"""The portfolio as it stands: the holdings, with prices and wakes from MongoDB."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.database import Database

from dashboard.models.portfolio import Portfolio
from dashboard.portfolio import holdings
from dashboard.portfolio.news import Wake, effects, shown, wakes_of
from dashboard.portfolio.worth import Price, worth
from dashboard.reads.candles import of_market
from newswake.settings import Settings

DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)
MOST_MOVES: Final = 50
MOST_ROWS: Final = 50_000
LONGEST_MS: Final = 5_000


def portfolio(
    database: Database[dict[str, Any]], settings: Settings, now: datetime | None, horizon: int | None = None
) -> Portfolio:
    """The portfolio at `now`, the close of the newest candle; the posts are those of the day before it.

    `horizon` in minutes; None: each post's longest that is measured so far. Raises `SettingsError` for a file of
    holdings that cannot be read, `PyMongoError` when the database is away.
    """
    held = holdings.read(settings)
    coins = sorted({one.coin for one in held})
    prices = {coin: price for coin in coins if (price := _price(database, settings, coin)) is not None}
    wakes = _wakes(database, coins, now) if now is not None and coins else []
    largest = effects(held, wakes, horizon=horizon, most=MOST_MOVES)
    titles = _titles(database, {one.wake.post for one in largest})
    moved_by = [shown(one, titles.get(one.wake.post, "")) for one in largest]
    return worth(held, prices, moved_by, quote=settings.candles.quote, now=now)


def _price(database: Database[dict[str, Any]], settings: Settings, coin: str) -> Price | None:
    newest = database["candles"].find_one(
        of_market(settings.candles, coin), {"close": 1, "open_time": 1}, sort=[("open_time", -1)],
        max_time_ms=LONGEST_MS,
    )  # fmt: skip
    return Price(newest["close"], newest["open_time"] + MINUTE) if newest else None


def _wakes(database: Database[dict[str, Any]], coins: list[str], now: datetime) -> list[Wake]:
    """Of the posts of the last day: since < published_at <= now, as everywhere."""
    where = {"symbol": {"$in": coins}, "published_at": {"$gt": now - DAY, "$lte": now}}
    fields = ("source", "post_id", "symbol", "published_at", "horizon_minutes", "price")
    rows = database["post_prices"].find(where, dict.fromkeys(fields, 1), limit=MOST_ROWS, max_time_ms=LONGEST_MS)
    return wakes_of(rows.sort([("published_at", -1)]))


def _titles(database: Database[dict[str, Any]], posts: Iterable[str]) -> dict[str, str]:
    found = database["posts"].find({"_id": {"$in": list(posts)}}, {"title": 1}, max_time_ms=LONGEST_MS)
    return {document["_id"]: document.get("title") or "" for document in found}
