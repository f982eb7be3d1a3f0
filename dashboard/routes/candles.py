"""Candles and the marks on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from dashboard.context import Here
from dashboard.models.candles import Candles, Markers
from dashboard.moments import newest_close, span, within
from dashboard.params import CoinCode, Horizon, Interval, WhichPosts
from dashboard.reads import candles as reads
from dashboard.reads import forming, markers
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
    which: WhichPosts,
    interval: Interval = "1m",
    horizon: Horizon = 60,
    limit: Annotated[int, Query(ge=1, le=MOST_MARKERS)] = 300,
) -> Markers:
    """Posts about the coin, at most `limit` marks: what is more is clustered. `interval` is that of the chart."""
    period = await span(context.tables, which.start, which.end, max_days=context.settings.dashboard.max_period_days)
    # Without an end the posts after the newest candle are there too: they are what just happened.
    which = replace(which, coin=coin, start=period.start)
    return await markers.markers(context, coin, period.now, reads.MINUTES[interval], horizon, which, limit)
