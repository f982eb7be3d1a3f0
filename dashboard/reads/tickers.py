"""The strip of followed coins: price, changes and volume of 24 hours, a small line, posts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from dashboard.context import Context
from dashboard.database import Document
from dashboard.models.session import Ticker, Tickers
from dashboard.moments import DAY, MINUTE, newest_close
from dashboard.reads.candles import of_market
from dashboard.reads.coins import followed_coins

HOUR: Final = timedelta(hours=1)
SPARK_MINUTES: Final = 30


async def tickers(context: Context) -> Tickers:
    """All followed coins, in their order. A coin without candles in the last 24 hours has no figures."""
    coins = await followed_coins(context)
    now = await newest_close(context.tables)
    quote = context.settings.candles.quote
    if now is None or not coins:
        return Tickers(now=now, quote=quote, coins=[_ticker(coin, {}, {}, None) for coin in coins])
    market = {**of_market(context.settings.candles), "symbol": {"$in": coins}}
    rows = await context.tables.aggregate("candles", _stages(market, now), limit=len(coins) * 60)
    posts = await context.tables.aggregate("posts", _posts(now), limit=10_000)
    halves: dict[str, list[Document]] = {}
    for row in rows:
        halves.setdefault(row["_id"]["symbol"], []).append(row)
    counts = {row["_id"]: row for row in posts}
    return Tickers(now=now, quote=quote, coins=[_ticker(coin, halves, counts, now) for coin in coins])


def _stages(market: dict[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Half hours counted back from now: their last close and volume, by coin."""
    back = {"$floor": {"$divide": [{"$subtract": [now - MINUTE, "$open_time"]}, SPARK_MINUTES * 60_000]}}
    return [
        {"$match": {**market, "open_time": {"$gte": now - DAY - MINUTE, "$lt": now}}},
        {"$sort": {"symbol": 1, "open_time": 1}},
        {
            "$group": {
                "_id": {"symbol": "$symbol", "back": back},
                "last_open": {"$last": "$open_time"},
                "close": {"$last": "$close"},
                "volume": {"$sum": {"$cond": [{"$gte": ["$open_time", now - DAY]}, "$volume", 0]}},
            }
        },
        {"$sort": {"_id.symbol": 1, "_id.back": -1}},
    ]


def _posts(now: datetime) -> list[dict[str, Any]]:
    return [
        {"$match": {"published_at": {"$gt": now - DAY, "$lte": now}}},
        {"$unwind": "$currencies"},
        {
            "$group": {
                "_id": "$currencies",
                "posts": {"$sum": 1},
                "hot": {"$sum": {"$cond": [{"$gt": ["$hot_at", None]}, 1, 0]}},
            }
        },
    ]


def _ticker(coin: str, halves: dict[str, list[Document]], counts: dict[str, Document], now: datetime | None) -> Ticker:
    rows: Sequence[Document] = halves.get(coin, [])
    last = rows[-1] if rows else None
    closes = {row["last_open"] + MINUTE: row["close"] for row in rows}

    def change(span: timedelta) -> float | None:
        # The half hours end at full half hours before now, so the closes of an hour and of a day ago are among them.
        before = closes.get(now - span) if now else None
        return last["close"] / before - 1 if last and before else None

    count = counts.get(coin, {})
    return Ticker(
        coin=coin,
        price=last["close"] if last else None,
        price_at=last["last_open"] + MINUTE if last else None,
        change_1h=change(HOUR),
        change_24h=change(DAY),
        volume_24h=sum(row["volume"] for row in rows) if rows else None,
        posts_24h=count.get("posts", 0),
        hot_24h=count.get("hot", 0),
        spark=[row["close"] for row in rows[-48:]],
    )
