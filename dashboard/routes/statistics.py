"""Figures: statistics, the gauge, wakes, moves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from dashboard.context import Context, Here
from dashboard.models.gauge import Gauge, Gauges
from dashboard.models.moves import Moves
from dashboard.models.statistics import Statistics
from dashboard.models.wakes import Sign, Wakes
from dashboard.moments import Span, span
from dashboard.params import CoinCode, From, OptionalCoin, Source, Until
from dashboard.reads import gauge as gauges_
from dashboard.reads import moves as moves_
from dashboard.reads import statistics as statistics_
from dashboard.reads import wakes as wakes_

router = APIRouter(tags=["statistics"])

SignOf = Annotated[Sign, Query(description="of the votes as they were known 5 minutes after publication")]
OnlyHot = Annotated[bool, Query(description="only hot posts")]


async def _day(context: Context, start: From, end: Until) -> Span:
    return await span(context.tables, start, end, max_days=context.settings.dashboard.max_period_days)


@router.get("/api/statistics")
async def statistics(context: Here, coin: CoinCode, start: From = None, end: Until = None) -> Statistics:
    """Candles and one-minute returns as `describe()` gives them, correlation of the followed coins, posts."""
    return await statistics_.statistics(context, coin, await _day(context, start, end))


@router.get("/api/gauge")
async def gauge(context: Here, coin: CoinCode, start: From = None, end: Until = None) -> Gauge:
    """The gauge of one coin over the period, and its line."""
    return await gauges_.one(context, coin, await _day(context, start, end))


@router.get("/api/gauges")
async def gauges(context: Here, start: From = None, end: Until = None) -> Gauges:
    """The gauges of all followed coins."""
    return await gauges_.all_followed(context, await _day(context, start, end))


@router.get("/api/wakes")
async def wakes(
    context: Here,
    coin: OptionalCoin = None,
    source: Source = None,
    sign: SignOf = "any",
    hot: OnlyHot = True,
    start: From = None,
    end: Until = None,
) -> Wakes:
    """Mean and median return by horizon with bootstrap bands, and the same for random times; 30 days by default."""
    days = context.settings.dashboard.max_period_days
    period = await span(context.tables, start, end, max_days=days, default=wakes_.DEFAULT)
    return await wakes_.wakes(context, coin, source, sign, hot, period)


@router.get("/api/moves")
async def moves(
    context: Here,
    coin: OptionalCoin = None,
    start: From = None,
    end: Until = None,
    limit: Annotated[int, Query(ge=1, le=500, description="spikes at the most, the newest")] = 100,
) -> Moves:
    """Gainers, losers, volume leaders, and the minutes that stand out with the posts around them."""
    period = await span(context.tables, start, end, max_days=moves_.MOST_DAYS)
    return await moves_.moves(context, coin, period, limit)
