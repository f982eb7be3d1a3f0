"""The tone of the titles about a coin: what stands in for the gauge where no source votes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.gauge import balance, in_words
from analysis.observed import has_votes, posts_known, tagged
from analysis.tone import ToneTable


@dataclass(frozen=True)
class ToneGauge:
    """Stories by the tone of their titles. `value` is `gauge.balance` of them; None without any."""

    coin: str
    value: float | None
    positive: int
    negative: int
    plain: int
    titles: int
    sentence: str


@dataclass(frozen=True)
class ToneAgreement:
    """How the tone of titles compares with the votes on the same posts.

    `voted`: posts with at least `least_votes` votes and more on one side. Of them `toned` have a tone, `agree` the same
    as the votes'; `always_positive` would agree as often who called all of the toned positive. `area`: the chance that
    of a post voted for and one voted against, taken at random, the first has the better tone, ties counting half (the
    area under the ROC curve: Hanley and McNeil, 1982); 0.5 is chance. Shares are None without posts on both sides.
    """

    least_votes: int
    voted: int
    toned: int
    agree: float | None
    always_positive: float | None
    area: float | None


def tone_gauge(told: pl.DataFrame, coin: str, table: ToneTable) -> ToneGauge:
    """The tone of the posts about `coin` among those of `told_in`.

    A story counts once, with the sign of the sum of its titles' tones: a title that ten outlets copied is one opinion.
    """
    about = told.filter(tagged(coin))
    tones = pl.Series("tone", [table.tone_of(title or "") for title in about["title"]], dtype=pl.Int64)
    opinions = about.with_columns(tones).group_by("story").agg(pl.col("tone").sum().sign())["tone"]
    positive, negative = int((opinions == 1).sum()), int((opinions == -1).sum())
    return ToneGauge(
        coin=coin,
        value=balance(positive, negative) if opinions.len() else None,
        positive=positive,
        negative=negative,
        plain=opinions.len() - positive - negative,
        titles=about.height,
        sentence=_sentence(coin, opinions.len(), positive, negative),
    )


def tone_agreement(observations: pl.DataFrame, table: ToneTable, least_votes: int = 3) -> ToneAgreement:
    """How well tone and votes agree on the posts that have both."""
    voted = (
        posts_known(observations)
        .filter(has_votes())
        .select("title", *(pl.col("votes").struct.field(side).fill_null(0) for side in ("positive", "negative")))
        .filter((pl.col("positive") + pl.col("negative") >= least_votes) & (pl.col("positive") != pl.col("negative")))
    )
    votes = (voted["positive"] - voted["negative"]).sign().to_numpy()
    tones = np.array([table.tone_of(title or "") for title in voted["title"]], dtype=np.int64)
    toned = tones != 0
    both = toned.any() and (votes == 1).any() and (votes == -1).any()
    return ToneAgreement(
        least_votes=least_votes,
        voted=voted.height,
        toned=int(toned.sum()),
        agree=float((tones == votes)[toned].mean()) if both else None,
        always_positive=float((votes == 1)[toned].mean()) if both else None,
        area=_area(tones[votes == 1], tones[votes == -1]) if both else None,
    )


def _area(better: NDArray[np.int64], worse: NDArray[np.int64]) -> float:
    levels = (-1, 0, 1)
    return float(sum((better == tone).mean() * ((worse < tone).mean() + (worse == tone).mean() / 2) for tone in levels))


def _sentence(coin: str, told: int, positive: int, negative: int) -> str:
    if not told:
        return f"There are no posts about {coin} in this period."
    plain = told - positive - negative
    stories_told = f"{told:,} stor{'y' if told == 1 else 'ies'} about {coin}"
    words = in_words(balance(positive, negative))
    return (
        f"The tone of titles, not votes: {words}; of {stories_told}, "
        f"{positive:,} sound positive, {negative:,} negative, {plain:,} neither."
    )
