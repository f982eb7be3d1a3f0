"""Positive against negative votes, shrunk towards neutral when there are few."""

from __future__ import annotations

from typing import Literal

from dashboard.models.base import Answer, Milliseconds, Period

Leaning = Literal["positive", "slightly_positive", "neutral", "slightly_negative", "negative", "unknown"]


class VoteSums(Answer):
    """Sums over the posts of the period; null where no post says."""

    positive: int | None
    negative: int | None
    important: int | None
    liked: int | None
    disliked: int | None
    lol: int | None
    toxic: int | None
    saved: int | None
    comments: int | None


class Substitute(Answer):
    """What stands in for votes where no source has any: labelled, never mixed with votes.

    `value` is from -1 to 1 (tone of the titles) or a number of outlets; `label` says what it is.
    """

    kind: Literal["title_tone", "outlets"]
    label: str
    value: float | None
    count: int
    sentence: str


class GaugeLine(Answer):
    """The gauge at the end of each step, with the votes behind it."""

    time: list[Milliseconds]
    value: list[float | None]
    positive: list[int]
    negative: list[int]


class Gauge(Answer):
    """`value` is from -1 (all negative) to 1 (all positive), shrunk; `low` and `high` are its 95 % band.

    `votes` = positive + negative, of the `posts_with_votes`, as they were known at the end of the period.

    Where no source votes, `has_votes` is false, `value` null, and `substitutes` has what there is instead.
    """

    coin: str
    period: Period
    has_votes: bool
    value: float | None
    low: float | None
    high: float | None
    votes: int
    posts: int
    posts_with_votes: int
    leaning: Leaning
    sentence: str
    sums: VoteSums
    line: GaugeLine
    substitutes: list[Substitute]


class Gauges(Answer):
    """One a followed coin, for small multiples."""

    period: Period
    gauges: list[Gauge]
