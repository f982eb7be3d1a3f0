"""How people had voted on a post when it was five minutes old, which later votes cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

import numpy as np
import polars as pl

from analysis.observed import has_votes, observed

Sign = Literal["positive", "negative", "even"]
IN_TIME: Final = timedelta(minutes=5)
_WAYS: Final = {"positive": 1, "negative": -1}
_NAMES: Final = {1: "positive", -1: "negative", 0: "even"}


@dataclass(frozen=True)
class SignFilter:
    """Whether posts can be chosen by the sign of their votes.

    `known` of the `posts` have a sign that was known in time. Not `available` without any: `reason` says why.
    """

    available: bool
    known: int
    posts: int
    reason: str | None


def known_in_time(observations: pl.DataFrame, published: pl.DataFrame) -> pl.DataFrame:
    """`published` has one row a post: source, post_id, published_at. The same rows with:

    `sign`: of the newest votes seen until published_at + 5 minutes, "positive" when more are for than against, null
    where none had been seen; `hot_in_time`: whether it had been listed as hot by then; `votes_after`: from publication
    to the first votes that were seen, null without any.
    """
    rows = published.select("source", "post_id", "published_at").join(
        observed(observations).drop("published_at"), on=["source", "post_id"], how="left", maintain_order="left_right"
    )
    in_time = pl.col("seen_at") <= pl.col("published_at") + IN_TIME
    voted = has_votes()
    margin = sum((pl.col("votes").struct.field(kind).fill_null(0) * way for kind, way in _WAYS.items()), pl.lit(0))
    facts = (
        rows.sort("seen_at", maintain_order=True)
        .group_by("source", "post_id", maintain_order=True)
        .agg(
            margin.filter(voted & in_time).last().sign().alias("margin"),
            (pl.col("hot") & in_time).any().alias("hot_in_time"),
            (pl.col("seen_at").filter(voted).first() - pl.col("published_at").first()).alias("votes_after"),
        )
        .with_columns(pl.col("margin").replace_strict(_NAMES, return_dtype=pl.String).alias("sign"))
        .drop("margin")
    )
    return published.join(facts, on=["source", "post_id"], how="left", maintain_order="left")


def sign_filter(posts: pl.DataFrame) -> SignFilter:
    """Whether the sign can be used for these posts, which have `sign` and `votes_after`."""
    known = posts.height - posts["sign"].null_count()
    if known:
        return SignFilter(True, known, posts.height, None)
    return SignFilter(False, 0, posts.height, _why_not(posts))


def _why_not(posts: pl.DataFrame) -> str:
    if posts.is_empty():
        return "There are no such posts."
    after = posts["votes_after"].drop_nulls()
    if after.is_empty():
        return "No source of these posts has votes."
    typical = float(np.median(after.dt.total_seconds().to_numpy()))
    return (
        f"The votes of these posts were first read {_span(typical)} after publication (median), and of none within "
        f"{IN_TIME.seconds // 60} minutes: what they were then is not known, and later votes know what the price did."
    )


def _span(seconds: float) -> str:
    """A time span in words, such as "34 days"."""
    minutes = seconds / 60
    for size, unit in ((1440, "day"), (60, "hour")):
        if minutes >= 2 * size:
            return f"{minutes / size:.0f} {unit}s"
    return f"{minutes:.0f} minutes"
