"""The gauge of votes; where no source votes, what stands in for it, labelled."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

import polars as pl

from analysis.frames import Period as OfAnalysis
from analysis.gauge import Gauge as Found
from analysis.gauge import gauge
from analysis.gauge_history import gauge_history
from analysis.outlets import outlets
from analysis.told import told_in
from analysis.tone import ToneTable, load_tones
from analysis.tone_gauge import tone_gauge
from dashboard.context import Context
from dashboard.models.base import Period
from dashboard.models.gauge import Gauge, GaugeLine, Gauges, Leaning, Substitute, VoteSums
from dashboard.moments import Span
from dashboard.reads import frames
from dashboard.reads.coins import followed_coins
from newswake.clock import to_ms

STEPS: Final = 48
SLIGHTLY, CLEARLY = 0.1, 0.3  # as in the sentences of analysis.gauge


async def one(context: Context, coin: str, span: Span) -> Gauge:
    return (await _several(context, [coin], span))[0]


async def all_followed(context: Context, span: Span) -> Gauges:
    found = await _several(context, await followed_coins(context), span)
    return Gauges(period=Period(start=span.start, end=span.end), gauges=found)


async def _several(context: Context, coins: list[str], span: Span) -> list[Gauge]:
    async with context.heavy.place():
        # The line's first point looks back as far as the gauge itself does.
        observations = await frames.observations(context, span.start - (span.end - span.start), span.end)
        told = cache(lambda: told_in(observations, OfAnalysis(span.start, span.end)))
        return await context.heavy.thread(lambda: [computed(observations, told, coin, span) for coin in coins])


def computed(observations: pl.DataFrame, told: Callable[[], pl.DataFrame], coin: str, span: Span) -> Gauge:
    period = OfAnalysis(span.start, span.end)
    found = gauge(observations, period, coin)
    return Gauge(
        coin=coin,
        period=Period(start=span.start, end=span.end),
        has_votes=found.available,
        value=found.value,
        low=found.low,
        high=found.high,
        votes=found.votes,
        posts=found.posts,
        posts_with_votes=found.posts_with_votes,
        leaning="unknown" if found.few else _leaning(found.value),
        sentence=found.sentence,
        sums=_sums(found),
        line=_line(observations, coin, span),
        substitutes=[] if found.available else _substitutes(told(), coin),
    )


def _leaning(value: float | None) -> Leaning:
    """
    >>> _leaning(0.2), _leaning(-0.5), _leaning(0.0), _leaning(None)
    ('slightly_positive', 'negative', 'neutral', 'unknown')
    """
    if value is None:
        return "unknown"
    if abs(value) < SLIGHTLY:
        return "neutral"
    if value > 0:
        return "positive" if value >= CLEARLY else "slightly_positive"
    return "negative" if value <= -CLEARLY else "slightly_negative"


def _sums(found: Found) -> VoteSums:
    known = found.available
    return VoteSums(
        positive=found.positive if known else None, negative=found.negative if known else None, **found.kinds
    )


def _line(observations: pl.DataFrame, coin: str, span: Span) -> GaugeLine:
    window = span.end - span.start
    times = [span.start + window * step / STEPS for step in range(1, STEPS + 1)]
    points = gauge_history(observations, coin, times, window)
    return GaugeLine(
        time=[to_ms(point.time) for point in points],
        value=[point.value for point in points],
        positive=[point.positive for point in points],
        negative=[point.negative for point in points],
    )


def _substitutes(told: pl.DataFrame, coin: str) -> list[Substitute]:
    tone = tone_gauge(told, coin, _tones())
    spread = outlets(told, coin)
    widest = max((story.outlets for story in spread.stories), default=None)
    return [
        Substitute(
            kind="title_tone", label="Tone of the titles, in place of votes", value=tone.value,
            count=tone.titles, sentence=tone.sentence,
        ),
        Substitute(
            kind="outlets", label="Outlets with the same story within 30 minutes, in place of votes", value=widest,
            count=spread.several, sentence=spread.sentence,
        ),
    ]  # fmt: skip


@cache
def _tones() -> ToneTable:
    return load_tones()
