"""Votes for against votes against a coin, drawn towards neutral when there are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from analysis.frames import Period
from analysis.observed import has_votes, posts_known, tagged
from newswake.messages import VOTE_KINDS

PRIOR_VOTES: Final = 10
FEW_VOTES: Final = 10
_SIDES: Final = ("positive", "negative")
_OTHERS: Final = tuple(kind for kind in VOTE_KINDS if kind not in _SIDES)
_STEPS: Final = 4001  # of the table of the posterior: quantiles to about 0.0005


@dataclass(frozen=True)
class Gauge:
    """From -1, all against, to 1, all for.

    `value` is None, and `available` False, when no post of the period has votes. `low` and `high` hold 95 % of the
    posterior; votes on one post go together, so this is the least that is unknown. `posts_with_votes` of the `posts`
    have votes. `kinds` are the sums of the other kinds of votes, None where no post has that kind.
    """

    coin: str
    available: bool
    value: float | None
    low: float | None
    high: float | None
    positive: int
    negative: int
    votes: int
    posts: int
    posts_with_votes: int
    few: bool
    kinds: dict[str, int | None]
    sentence: str


def balance(positive: int, negative: int) -> float:
    """(positive - negative) / (positive + negative + 10).

    Twice the mean, less 1, of the posterior Beta(5 + positive, 5 + negative) of the share that is for: a prior of ten
    votes, half of them for (conjugate beta-binomial: Gelman et al., "Bayesian Data Analysis", 3rd ed., section 2.4).

    >>> balance(0, 0), balance(10, 0), balance(3, 3)
    (0.0, 0.5, 0.0)
    """
    return (positive - negative) / (positive + negative + PRIOR_VOTES)


def gauge(observations: pl.DataFrame, period: Period, coin: str) -> Gauge:
    """Votes on the posts about `coin` that were published in `period`, as they were known at its end."""
    return _gauge(posts_known(observations, period.until).filter(period.holds("published_at")), coin)


def gauges(observations: pl.DataFrame, period: Period, coins: Sequence[str]) -> tuple[Gauge, ...]:
    """The gauges of several coins, in their order."""
    posts = posts_known(observations, period.until).filter(period.holds("published_at"))
    return tuple(_gauge(posts, coin) for coin in coins)


def _gauge(posts: pl.DataFrame, coin: str) -> Gauge:
    about = posts.filter(tagged(coin))
    voted = about.filter(has_votes()).unnest("votes")
    positive, negative = (int(voted[kind].sum()) if voted.height else 0 for kind in _SIDES)
    interval = _interval(positive, negative) if voted.height else (None, None)
    return Gauge(
        coin=coin,
        available=voted.height > 0,
        value=balance(positive, negative) if voted.height else None,
        low=interval[0],
        high=interval[1],
        positive=positive,
        negative=negative,
        votes=positive + negative,
        posts=about.height,
        posts_with_votes=voted.height,
        few=positive + negative < FEW_VOTES,
        kinds={kind: _sum(voted, kind) for kind in _OTHERS},
        sentence=_sentence(coin, about.height, voted.height, positive, negative),
    )


def _sum(voted: pl.DataFrame, kind: str) -> int | None:
    known = voted[kind].drop_nulls() if voted.height else pl.Series(dtype=pl.Int64)
    return int(known.sum()) if known.len() else None


def _interval(positive: int, negative: int) -> tuple[float, float]:
    """The middle 95 % of the posterior on the scale of the gauge, from its density on an even grid."""
    share = np.linspace(0, 1, _STEPS)[1:-1]
    half = PRIOR_VOTES / 2
    density = (half + positive - 1) * np.log(share) + (half + negative - 1) * np.log1p(-share)
    cumulative = np.cumsum(np.exp(density - density.max()))
    low, high = np.interp([0.025, 0.975], cumulative / cumulative[-1], share)
    return float(2 * low - 1), float(2 * high - 1)


_STRENGTHS: Final = ((0.1, ""), (0.3, "slightly "), (0.6, "clearly "), (1.0, "strongly "))


def in_words(value: float) -> str:
    """What a gauge says.

    >>> in_words(0.05), in_words(0.2), in_words(-0.7)
    ('balanced', 'slightly positive', 'strongly negative')
    """
    strength = next(word for limit, word in _STRENGTHS if abs(value) <= limit)
    if not strength:
        return "balanced"
    return f"{strength}{'positive' if value > 0 else 'negative'}"


def _sentence(coin: str, posts: int, voted: int, positive: int, negative: int) -> str:
    about = f"{posts:,} post{'' if posts == 1 else 's'} about {coin}"
    if not voted:
        return f"No votes are known on the {about}." if posts else f"There are no posts about {coin} in this period."
    value = balance(positive, negative)
    counts = f"{positive:,} for and {negative:,} against on {voted:,} of {about}"
    if positive + negative < FEW_VOTES:
        return f"Too few votes to say: {counts}."
    return f"{in_words(value).capitalize()} ({value:+.2f}): {counts}."
