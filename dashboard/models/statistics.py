"""Figures about a coin and a period, as `describe()` gives them, and about its posts."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from dashboard.models.base import Answer, Period

Column = Literal["open", "high", "low", "close", "volume", "return"]


class Describe(Answer):
    """Count, mean, sample standard deviation, least, quartiles (linear interpolation), largest.

    `return` is that of one minute, between consecutive minutes only.
    """

    column: Column
    count: int
    mean: float | None
    std: float | None
    min: float | None
    q25: float | None
    median: float | None
    q75: float | None
    max: float | None


class Histogram(Answer):
    """`edges` has one more entry than `counts`; `below` and `above` lie outside of them."""

    edges: list[float]
    counts: list[int]
    below: int
    above: int


class Correlation(Answer):
    """Of one-minute returns, over the minutes that both coins have: `values[i][j]`, and how many minutes those are."""

    coins: list[str]
    values: list[list[float | None]]
    minutes: list[list[int]]


class SourceShare(Answer):
    source: str
    posts: int
    hot: int


class HourCount(Answer):
    """An hour of the day, 0 to 23, UTC."""

    hour: int
    posts: int
    hot: int


class PostFigures(Answer):
    """`hot_unknown`: posts whose source does not say; `hot_share` is among the others."""

    posts: int
    hot: int
    not_hot: int
    hot_unknown: int
    hot_share: float | None
    by_source: list[SourceShare]
    by_hour: list[HourCount]


class Statistics(Answer):
    """`cut` when the period has more minutes than are looked at, and only the newest were."""

    coin: str
    period: Period
    candles: list[Describe]
    returns: Histogram
    correlation: Correlation
    posts: PostFigures
    now: AwareDatetime | None
    cut: bool
