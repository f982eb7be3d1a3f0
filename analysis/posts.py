"""How many posts there were, from whom, when, and how many of them were hot."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from analysis.frames import Period
from analysis.observed import posts_known, tagged


@dataclass(frozen=True)
class SourceCount:
    source: str
    posts: int
    hot: int


@dataclass(frozen=True)
class HourCount:
    """Posts published in this hour of the day, UTC."""

    hour: int
    posts: int
    hot: int


@dataclass(frozen=True)
class PostCounts:
    """`share_hot` is hot / (hot + not_hot): posts whose source has no hot list say nothing; None without others."""

    posts: int
    hot: int
    not_hot: int
    hot_unknown: int
    share_hot: float | None
    by_source: tuple[SourceCount, ...]
    by_hour: tuple[HourCount, ...]


def count_posts(observations: pl.DataFrame, period: Period, coin: str | None = None) -> PostCounts:
    """Posts of the period as known at its end; `by_source` from the busiest, `by_hour` all 24."""
    posts = posts_known(observations, period.until).filter(period.holds("published_at") & tagged(coin))
    hot, not_hot = int(posts["hot"].sum()), int((~posts["hot"]).sum())
    figures = (pl.len().alias("posts"), pl.col("hot").sum().alias("hot"))
    sources = posts.group_by("source").agg(figures).sort(["posts", "source"], descending=[True, False])
    hours = posts.group_by(pl.col("published_at").dt.hour().alias("hour")).agg(figures)
    by_hour = {hour: HourCount(hour, count, hot_count) for hour, count, hot_count in hours.iter_rows()}
    return PostCounts(
        posts=posts.height,
        hot=hot,
        not_hot=not_hot,
        hot_unknown=posts.height - hot - not_hot,
        share_hot=hot / (hot + not_hot) if hot + not_hot else None,
        by_source=tuple(SourceCount(*row) for row in sources.iter_rows()),
        by_hour=tuple(by_hour.get(hour, HourCount(hour, 0, 0)) for hour in range(24)),
    )
