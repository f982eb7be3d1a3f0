"""Rows as Polars frames for the package `analysis`.

Few rows come from MongoDB, which has a row a moment earlier; many from the lake, which reads them in columns, a hundred
times faster than a client of MongoDB can make documents of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl

from analysis.frames import CANDLES, COVERAGE, OBSERVATIONS, POST_PRICES, empty
from dashboard.context import Context
from dashboard.moments import MINUTE

MOST_CANDLES: Final = 3_000_000
MOST_OBSERVATIONS: Final = 400_000
MOST_PRICES: Final = 1_000_000
MOST_COVERAGE: Final = 500_000
MOST_FROM_MONGO: Final = 40_000


async def candles(context: Context, coins: Sequence[str], start: datetime, end: datetime) -> pl.DataFrame:
    """Minutes of our market that open from `start` to before `end`."""
    market = context.settings.candles
    if (end - start) / MINUTE * len(coins) <= MOST_FROM_MONGO:
        where = {
            "symbol": {"$in": list(coins)}, "open_time": {"$gte": start, "$lt": end},
            "exchange": market.exchange, "quote": market.quote,
        }  # fmt: skip
        rows = await context.tables.find("candles", where, fields=list(CANDLES), limit=MOST_FROM_MONGO)
        return pl.DataFrame(rows, schema=dict(CANDLES)) if rows else empty(CANDLES)
    condition = (
        pl.col("open_time").is_between(start, end, closed="left")
        & pl.col("symbol").is_in(list(coins))
        & (pl.col("exchange") == market.exchange)
        & (pl.col("quote") == market.quote)
    )
    return await context.heavy.thread(context.lake.read, "candles", CANDLES, condition, MOST_CANDLES, "open_time")


async def observations(context: Context, start: datetime, end: datetime) -> pl.DataFrame:
    """Every observation of the posts that were published from `start` to `end`, both included."""
    condition = pl.col("published_at").is_between(start, end)
    return await context.heavy.thread(
        context.lake.read, "posts", OBSERVATIONS, condition, MOST_OBSERVATIONS, "published_at"
    )


async def post_prices(context: Context, start: datetime, end: datetime) -> pl.DataFrame:
    """Every price after the posts that were published from `start` to `end`, both included."""
    condition = pl.col("published_at").is_between(start, end)
    return await context.heavy.thread(
        context.lake.read, "post_prices", POST_PRICES, condition, MOST_PRICES, "published_at"
    )


async def coverage(context: Context, start: datetime, end: datetime) -> pl.DataFrame:
    """The polls of the posts' sources from `start` to `end`, and those that told up to a time in between.

    A source whose plan is delayed tells of a time a day after it.
    """
    between = {"$gte": start, "$lte": end}
    where = {
        "source": {"$not": {"$regex": "^candles\\."}},
        "$or": [{"polled_at": between}, {"covered_until": between}],
    }
    rows = await context.tables.find("source_coverage", where, fields=list(COVERAGE), limit=MOST_COVERAGE)
    return pl.DataFrame(rows, schema=dict(COVERAGE)) if rows else empty(COVERAGE)
