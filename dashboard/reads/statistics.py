"""Figures about a coin, the followed coins beside it, and the posts of a period."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

import polars as pl

from analysis import frames as of_analysis
from analysis.correlation import correlation
from analysis.describe import describe_candles
from analysis.histogram import histogram
from analysis.posts import PostCounts, count_posts
from analysis.returns import one_minute_returns
from dashboard.context import Context
from dashboard.models.base import Period
from dashboard.models.statistics import (
    Column,
    Correlation,
    Describe,
    Histogram,
    HourCount,
    PostFigures,
    SourceShare,
    Statistics,
)
from dashboard.moments import Span
from dashboard.reads import frames
from dashboard.reads.coins import followed_coins


async def statistics(context: Context, coin: str, span: Span) -> Statistics:
    coins = list(dict.fromkeys([*await followed_coins(context), coin]))
    async with context.heavy.place():
        candles = await frames.candles(context, coins, span.start, span.end)
        observations = await frames.observations(context, span.start, span.end)
        return await context.heavy.thread(_computed, coin, coins, span, candles, observations)


def _computed(coin: str, coins: list[str], span: Span, candles: pl.DataFrame, observations: pl.DataFrame) -> Statistics:
    of_coin = candles.filter(pl.col("symbol") == coin)
    order = {name: place for place, name in enumerate(coins)}
    return Statistics(
        coin=coin,
        period=Period(start=span.start, end=span.end),
        candles=[
            Describe(column=cast(Column, name), **asdict(found)) for name, found in describe_candles(of_coin).items()
        ],
        returns=Histogram.model_validate(asdict(histogram(one_minute_returns(of_coin)["value"]))),
        correlation=_correlation(candles, order),
        posts=_posts(count_posts(observations, of_analysis.Period(span.start, span.end), coin)),
        now=span.now,
        cut=candles.height >= frames.MOST_CANDLES or observations.height >= frames.MOST_OBSERVATIONS,
    )


def _correlation(candles: pl.DataFrame, order: dict[str, int]) -> Correlation:
    """In the order of the followed coins."""
    found = correlation(candles)
    places = sorted(range(len(found.symbols)), key=lambda place: order[found.symbols[place]])
    return Correlation(
        coins=[found.symbols[place] for place in places],
        values=[[found.coefficients[row][column] for column in places] for row in places],
        minutes=[[found.minutes[row][column] for column in places] for row in places],
    )


def _posts(found: PostCounts) -> PostFigures:
    return PostFigures(
        posts=found.posts,
        hot=found.hot,
        not_hot=found.not_hot,
        hot_unknown=found.hot_unknown,
        hot_share=found.share_hot,
        by_source=[SourceShare(**asdict(one)) for one in found.by_source],
        by_hour=[HourCount(**asdict(one)) for one in found.by_hour],
    )
