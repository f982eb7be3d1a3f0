"""Returns after posts, beside those after random times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import polars as pl

from analysis import wakes as of_analysis
from analysis.bootstrap import Band
from analysis.frames import Period as OfAnalysis
from dashboard.context import Context
from dashboard.models.base import Period
from dashboard.models.wakes import Estimate, RandomTimes, Sign, WakeRow, Wakes
from dashboard.moments import Span
from dashboard.reads import frames
from dashboard.reads.coins import followed_coins

DEFAULT: Final = timedelta(days=30)


async def wakes(context: Context, coin: str | None, source: str | None, sign: Sign, hot: bool, span: Span) -> Wakes:
    coins = (coin,) if coin else tuple(await followed_coins(context))
    state = await context.heavy.thread(context.lake.versions, "candles", "posts", "post_prices")
    key = (coins, coin, source, sign, hot, span.start, span.end, state)
    return await context.wakes.of(key, lambda: _wakes(context, coins, coin, source, sign, hot, span))


async def _wakes(
    context: Context, coins: Sequence[str], coin: str | None, source: str | None, sign: Sign, hot: bool, span: Span
) -> Wakes:
    horizons = tuple(horizon for horizon in context.settings.streaming.horizons_minutes if horizon > 0)
    until = span.end + timedelta(minutes=max(horizons, default=0))
    since = span.start - timedelta(minutes=of_analysis.BEFORE_MINUTES + 1)  # the first close of the hour before
    query = of_analysis.WakeQuery(
        OfAnalysis(span.start, span.end), coin, source, None if sign == "any" else sign, hot, horizons
    )
    async with context.heavy.place():
        prices = await frames.post_prices(context, span.start, span.end)
        observations = await frames.observations(context, span.start, span.end)
        candles = await frames.candles(context, coins, since, until)
        found = await context.heavy.thread(of_analysis.wakes, prices, observations, candles, query)
    return Wakes(
        coin=coin,
        source=source,
        sign=sign,
        sign_off="" if found.sign_filter.available else found.sign_filter.reason or "",
        hot=hot,
        hot_in_time=found.hot_in_time,
        period=Period(start=span.start, end=span.end),
        rows=[_row(one) for one in found.horizons],
        before=_row(found.before) if found.before else None,
        label=found.label,
        sentence=found.sentence,
        cut=_cut(prices, observations, candles),
    )


def _row(found: of_analysis.WakeAtHorizon) -> WakeRow:
    random = found.random
    return WakeRow(
        horizon_minutes=found.horizon_minutes,
        posts=found.posts,
        stories=found.stories,
        returns=found.returns,
        separate=found.separate,
        few=found.few,
        mean=_estimate(found.mean, found.mean_band),
        median=_estimate(found.median, found.median_band),
        size=_estimate(found.size, found.size_band),
        random=RandomTimes(
            mean=_estimate(random.mean, random.mean_band),
            median=_estimate(random.median, random.median_band),
            size=_estimate(random.size, random.size_band),
            draws=random.draws,
        )
        if random
        else None,
    )


def _estimate(value: float | None, band: Band | None) -> Estimate:
    return Estimate(value=value, low=band.low if band else None, high=band.high if band else None)


def _cut(prices: pl.DataFrame, observations: pl.DataFrame, candles: pl.DataFrame) -> bool:
    return (
        prices.height >= frames.MOST_PRICES
        or observations.height >= frames.MOST_OBSERVATIONS
        or candles.height >= frames.MOST_CANDLES
    )
