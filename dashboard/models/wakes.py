"""Returns after posts, with their uncertainty, beside those after random times. Exploratory."""

from __future__ import annotations

from typing import Literal

from dashboard.models.base import Answer, Period

Sign = Literal["any", "positive", "negative", "even"]


class Estimate(Answer):
    """A figure and its 95 % band from a bootstrap over stories."""

    value: float | None
    low: float | None
    high: float | None


class RandomTimes(Answer):
    """The same for as many random times of the period, drawn `draws` times."""

    mean: Estimate
    median: Estimate
    size: Estimate
    draws: int


class WakeRow(Answer):
    """One horizon; below 0: that many minutes before publication.

    `returns`: pairs of a post and a coin; `separate`: stories whose stretches do not overlap. `size`: the mean of
    absolute returns. `few`: fewer than 10 posts, to be greyed.
    """

    horizon_minutes: int
    posts: int
    stories: int
    returns: int
    separate: int
    few: bool
    mean: Estimate
    median: Estimate
    size: Estimate
    random: RandomTimes | None


class Wakes(Answer):
    """`sign_off` says why the filter by vote sign is off (votes were only read later than 5 minutes), or is empty.

    `before` is the hour up to publication, null without candles: where it stands out, the news followed the price.
    `label` says that all of this is exploratory. `cut`: the period had more posts than are looked at.
    """

    coin: str | None
    source: str | None
    sign: Sign
    sign_off: str
    hot: bool
    hot_in_time: int
    period: Period
    rows: list[WakeRow]
    before: WakeRow | None
    label: str
    sentence: str
    cut: bool
