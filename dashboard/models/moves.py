"""The other way round: what moved, and whether there was news."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from dashboard.models.base import Answer, Period

News = Literal["posts", "no_news_seen", "not_watching"]


class Mover(Answer):
    """`quote_volume` is in the quote's currency. `stale`: the coin's newest candle is old."""

    coin: str
    price: float
    change: float | None
    quote_volume: float
    high: float
    low: float
    minutes: int
    stale: bool


class PostRef(Answer):
    id: str
    source: str
    title: str
    published_at: AwareDatetime
    hot: bool | None


class Spike(Answer):
    """A minute beyond `threshold` robust standard deviations of its coin; `score` is how many it was."""

    coin: str
    time: AwareDatetime
    change: float
    score: float
    price: float
    volume: float
    news: News
    words: str
    before: list[PostRef]
    after: list[PostRef]


class Moves(Answer):
    """Movers are of the 24 hours before now, spikes of the period, newest first; `found` is all of them."""

    period: Period
    now: AwareDatetime | None
    gainers: list[Mover]
    losers: list[Mover]
    leaders: list[Mover]
    spikes: list[Spike]
    found: int
    minutes_judged: int
    threshold: float
    cut: bool
