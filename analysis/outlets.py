"""How many outlets had a story within half an hour: what stands in for "important" where no source votes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from analysis.observed import tagged

WITHIN: Final = timedelta(minutes=30)


@dataclass(frozen=True)
class StoryOutlets:
    """A story by its first post. `outlets` published it within 30 minutes of that one, the first outlet included."""

    story: str
    source: str
    post_id: str
    title: str | None
    first_published_at: datetime
    posts: int
    outlets: int


@dataclass(frozen=True)
class Outlets:
    """`stories`, the most widely told first, then the newest; `several` of them had more than one outlet."""

    stories: tuple[StoryOutlets, ...]
    several: int
    sentence: str


def outlets(told: pl.DataFrame, coin: str | None = None) -> Outlets:
    """The stories about `coin` among those of `told_in`, by the number of outlets that had them soon.

    An outlet is a domain, or a source where no domain is known; the tag `coin` on any of its posts makes a story one
    about it.
    """
    told = told.sort("published_at", "source", "post_id")
    soon = pl.col("published_at") <= pl.col("published_at").first() + WITHIN
    outlet = pl.coalesce(pl.col("domain").str.to_lowercase().str.strip_prefix("www."), "source")
    rows = (
        told.group_by("story", maintain_order=True)
        .agg(
            pl.col("source", "post_id", "title").first(),
            pl.col("published_at").first().alias("first_published_at"),
            pl.len().alias("posts"),
            outlet.filter(soon).n_unique().alias("outlets"),
            tagged(coin).any().alias("about"),
        )
        .filter("about")
        .drop("about")
        .sort(["outlets", "first_published_at", "story"], descending=[True, True, False])
    )
    found = tuple(StoryOutlets(*row) for row in rows.iter_rows())
    several = sum(story.outlets > 1 for story in found)
    return Outlets(found, several, _sentence(found, several, coin))


def _sentence(found: tuple[StoryOutlets, ...], several: int, coin: str | None) -> str:
    about = "" if coin is None else f" about {coin}"
    if not found:
        return f"There are no posts{about} in this period."
    stories_told = f"{len(found):,} stor{'y' if len(found) == 1 else 'ies'}{about}"
    widest = f"; the most widely told had {found[0].outlets:,}" if several else ""
    return f"Of {stories_told}, {several:,} had more than one outlet within 30 minutes{widest}."
