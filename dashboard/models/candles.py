"""Candles of a coin, and the marks of posts beside them."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from dashboard.models.base import Answer, Milliseconds
from dashboard.models.posts import Tone

Interval = Literal["1m", "5m", "15m", "1h", "4h", "1d"]


class Bar(Answer):
    """One candle. `time` is when it opens; `minutes` are the closed minutes in it that are there, `filled` those of
    them that had no trade. `forming`: the minute that is still open is part of it, so it is only to be looked at.
    """

    time: Milliseconds
    open: float
    high: float
    low: float
    close: float
    volume: float
    minutes: int
    filled: int
    forming: bool


class Bars(Answer):
    """The same as columns of equal length, oldest first. A bar without a single minute is absent: a gap."""

    time: list[Milliseconds]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]
    minutes: list[int]
    filled: list[int]


class Candles(Answer):
    """`bars` ends with the newest bar of closed minutes; `forming` is the bar that holds the open minute, if known.

    `older` is the value of `until` that gives the bars before these; null where there are none.
    """

    coin: str
    quote: str
    exchange: str
    interval: Interval
    interval_seconds: int
    now: AwareDatetime | None
    bars: Bars
    forming: Bar | None
    older: AwareDatetime | None


class Marker(Answer):
    """One post, or several that fall into the same stretch of the chart.

    `time` is the opening of the bar that holds the (first) publication. `change` is the return at the horizon: of the
    one post, or the median of those `measured`; `tone` says the same as a colour. `id` is null for several.
    """

    time: Milliseconds
    until: Milliseconds
    count: int
    hot: int
    measured: int
    change: float | None
    tone: Tone
    id: str | None
    ids: list[str]
    title: str


class Markers(Answer):
    """`posts` is how many there are behind the markers; `cut` when only the newest of them were looked at."""

    coin: str
    horizon_minutes: int
    markers: list[Marker]
    posts: int
    cut: bool
