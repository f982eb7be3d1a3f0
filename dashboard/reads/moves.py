"""What moved, and whether there was news."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import polars as pl

from analysis.frames import Period as OfAnalysis
from analysis.jumps import Jump, jumps
from analysis.jumps import PostRef as OfPost
from analysis.moves import CoinMove, day_moves
from dashboard.context import Context
from dashboard.models.base import Period
from dashboard.models.moves import Mover, Moves, News, PostRef, Spike
from dashboard.moments import DAY, MINUTE, Span
from dashboard.reads import frames
from dashboard.reads.coins import followed_coins

AROUND: Final = timedelta(minutes=30)
SCALE: Final = timedelta(days=7, hours=1, minutes=1)  # 7 days of returns before the hour in which the period begins
MOST_DAYS: Final = 62
COVERED: Final = timedelta(hours=6)  # polls that tell of times behind the period reach back into it
NEWS: Final[dict[str, News]] = {"news": "posts", "no news seen": "no_news_seen", "not watching": "not_watching"}


async def moves(context: Context, coin: str | None, span: Span, most: int) -> Moves:
    coins = await followed_coins(context)
    now = span.now or span.end
    judged = [coin] if coin else coins
    period = OfAnalysis(span.start, span.end)
    async with context.heavy.place():
        day = await frames.candles(context, coins, now - DAY - MINUTE, now)
        movers = await context.heavy.thread(day_moves, day, now)
        candles = await frames.candles(context, judged, span.start - SCALE, span.end)
        observations = await frames.observations(context, span.start - AROUND, span.end + AROUND)
        coverage = await frames.coverage(context, span.start - AROUND, span.end + COVERED)
        found = await context.heavy.thread(jumps, candles, observations, coverage, period, now)
    return Moves(
        period=Period(start=span.start, end=span.end),
        now=span.now,
        gainers=[_mover(one) for one in movers if (one.change or 0) > 0],
        losers=[_mover(one) for one in reversed(movers) if (one.change or 0) < 0],
        leaders=[_mover(one) for one in sorted(movers, key=lambda one: -one.quote_volume)],
        spikes=[_spike(one) for one in found.jumps[:most]],
        found=len(found.jumps),
        minutes_judged=found.minutes_judged,
        threshold=found.threshold,
        cut=_cut(candles, observations),
    )


def _cut(candles: pl.DataFrame, observations: pl.DataFrame) -> bool:
    return candles.height >= frames.MOST_CANDLES or observations.height >= frames.MOST_OBSERVATIONS


def _mover(found: CoinMove) -> Mover:
    return Mover(
        coin=found.symbol,
        price=found.price,
        change=found.change,
        quote_volume=found.quote_volume,
        high=found.high,
        low=found.low,
        minutes=found.minutes,
        stale=found.stale,
    )


def _spike(found: Jump) -> Spike:
    return Spike(
        coin=found.symbol,
        time=found.close_time,
        change=found.value,
        score=found.score,
        price=found.price,
        volume=found.volume,
        news=NEWS[found.news],
        words=_words(found),
        before=_refs(found.before),
        after=_refs(found.after),
    )


def _words(found: Jump) -> str:
    if found.news == "news":
        before = len(found.before)
        return f"{before} post{'' if before == 1 else 's'} in the 30 minutes before, {len(found.after)} in those after"
    if found.news == "not watching":
        return (
            f"not watching: {', '.join(found.not_watching)} told nothing of this time"
            if found.not_watching
            else "not watching: no poll of a source is on record"
        )
    blind = f" (not watching: {', '.join(found.not_watching)})" if found.not_watching else ""
    return f"no news seen{blind}"


def _refs(posts: Sequence[OfPost]) -> list[PostRef]:
    return [
        PostRef(
            id=f"{post.source}:{post.post_id}",
            source=post.source,
            title=post.title or "",
            published_at=post.published_at,
            hot=post.hot,
        )
        for post in posts
    ]
