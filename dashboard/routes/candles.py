"""Candles and the marks on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from dashboard.context import Here
from dashboard.models.candles import Candles, Markers
from dashboard.moments import newest_close, span, within
from dashboard.params import CoinCode, From, Horizon, Hot, Interval, Source, Until
from dashboard.reads import candles as reads
from dashboard.reads import forming, markers
from dashboard.reads.filters import PostFilter
from dashboard.routes.session import MOST_CANDLES, MOST_MARKERS

router = APIRouter(tags=["candles"])


@router.get("/api/candles")
async def candles(
    context: Here,
    coin: CoinCode,
    interval: Interval = "1m",
    until: Annotated[AwareDatetime | None, Query(description="bars that open before this; default: the newest")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CANDLES)] = 1_000,
) -> Candles:
    """The bars of the newest `limit` intervals before `until`, made from the minutes; and the bar that is forming."""
    market = context.settings.candles
    minutes = reads.MINUTES[interval]
    until = None if until is None else within("until", until)
    bars, older = await reads.page_of_bars(context.tables, market, coin, minutes, until, limit)
    return Candles(
        coin=coin,
        quote=market.quote,
        exchange=market.exchange,
        interval=interval,
        interval_seconds=minutes * 60,
        now=await newest_close(context.tables),
        bars=reads.columns(bars),
        forming=await forming.bar(context, coin, minutes) if until is None and bars else None,
        older=older,
    )


@router.get("/api/markers", name="markers")
async def marks(
    context: Here,
    coin: CoinCode,
    start: From = None,
    end: Until = None,
    interval: Interval = "1m",
    horizon: Horizon = 60,
    hot: Hot = None,
    source: Source = None,
    limit: Annotated[int, Query(ge=1, le=MOST_MARKERS)] = 300,
) -> Markers:
    """Posts about the coin, at most `limit` marks: what is more is clustered. `interval` is that of the chart."""
    period = await span(context.tables, start, end, max_days=context.settings.dashboard.max_period_days)
    # Without an end the posts after the newest candle are there too: they are what just happened.
    which = PostFilter(coin, period.start, end and period.end, hot, source)
    return await markers.markers(context, coin, period.now, reads.MINUTES[interval], horizon, which, limit)
