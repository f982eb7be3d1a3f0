"""The gauge as it stood at each of many times, from what was known then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from analysis.frames import TIME, utc
from analysis.gauge import balance
from analysis.observed import has_votes, observed, tagged


@dataclass(frozen=True)
class GaugePoint:
    """The gauge of the `window` before `time`; None where no votes were known on its posts."""

    time: datetime
    value: float | None
    positive: int
    negative: int
    posts_with_votes: int


def gauge_history(
    observations: pl.DataFrame, coin: str, times: Sequence[datetime], window: timedelta
) -> tuple[GaugePoint, ...]:
    """For each of `times`: the posts about `coin` published in the `window` up to it, with the votes seen by then.

    The same as `gauge` at each time, in one pass over the observations: each holds until the next one of its post is
    seen, or the post leaves the window.
    """
    grid = (
        pl.DataFrame({"time": [utc(time) for time in times]}, schema={"time": TIME})
        .with_row_index("place")
        .sort("time")
    )
    totals = (
        _changes(observations, coin, window)
        .group_by("time")
        .sum()
        .sort("time")
        .with_columns(pl.exclude("time").cum_sum())
    )
    rows = grid.join_asof(totals, on="time").fill_null(0).sort("place")
    return tuple(
        GaugePoint(time, balance(positive, negative) if posts else None, positive, negative, posts)
        for time, positive, negative, posts in rows.select("time", "positive", "negative", "posts").iter_rows()
    )


def _changes(observations: pl.DataFrame, coin: str, window: timedelta) -> pl.DataFrame:
    """Columns time, positive, negative, posts: what is added at that time.

    An observation holds from when it was seen, not before its post was published, until the next one of the post is
    seen or the post leaves the window; it counts only while both lie in this order.
    """
    key = ["source", "post_id"]
    votes = {kind: pl.col("votes").struct.field(kind).fill_null(0) for kind in ("positive", "negative")}
    held = (
        observed(observations)
        .with_columns(pl.when(has_votes()).then("votes").forward_fill().over(key).alias("votes"))
        .with_columns(pl.col("seen_at").shift(-1).over(key).alias("next_seen_at"))
        .filter(tagged(coin) & has_votes())
        .select(
            pl.max_horizontal("seen_at", "published_at").alias("begin"),
            pl.min_horizontal("next_seen_at", pl.col("published_at") + window).alias("end"),
            **votes,
            posts=pl.lit(1, pl.Int64),
        )
        .filter(pl.col("begin") < pl.col("end"))
    )
    counts = pl.col("positive", "negative", "posts")
    return pl.concat(
        [held.select(pl.col("begin").alias("time"), counts), held.select(pl.col("end").alias("time"), -counts)]
    )
