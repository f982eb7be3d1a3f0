"""Marks of posts beside the candles: one a post, or, where there are too many, one a stretch of the chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final

from dashboard.context import Context
from dashboard.database import Document
from dashboard.models.candles import Marker, Markers
from dashboard.reads import changes
from dashboard.reads.candles import bar_open
from dashboard.reads.filters import PostFilter
from dashboard.reads.usual import tone_of
from newswake.clock import to_ms

MOST_POSTS: Final = 5_000
MOST_IDS: Final = 50
# Stretches of so many bars are tried one after the other until there are few enough marks.
BARS: Final = (1, 2, 3, 5, 10, 15, 30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 30720, 61440, 122880, 600000)


@dataclass(frozen=True)
class _Dot:
    post: Document
    change: changes.Change | None


async def markers(
    context: Context, coin: str, now: datetime | None, minutes: int, horizon: int, which: PostFilter, most: int
) -> Markers:
    """The marks of the posts about a coin on a chart whose bars have so many `minutes`."""
    fields = ["_id", "title", "published_at", "hot_at", "currencies"]
    posts = await context.tables.find(
        "posts", which.where(), fields=fields, sort=[("published_at", -1)], limit=MOST_POSTS
    )
    only_this = [{**post, "currencies": [coin]} for post in posts]
    by_post = await changes.of_posts(context.tables, only_this, horizon)
    dots = [_Dot(post, next(iter(by_post[post["_id"]]), None)) for post in reversed(posts)]
    usual = await context.usual.of(coin, horizon, now) if now else None
    groups = _grouped(dots, minutes, most)
    return Markers(
        coin=coin,
        horizon_minutes=horizon,
        markers=[_marker(group, minutes, usual) for group in groups],
        posts=len(posts),
        cut=len(posts) == MOST_POSTS,
    )


def _grouped(dots: Sequence[_Dot], minutes: int, most: int) -> list[list[_Dot]]:
    """One dot a group if they are few, else by the shortest stretch of bars that makes few enough."""
    if len(dots) <= most:
        return [[dot] for dot in dots]
    for bars in BARS:
        stretch = bars * minutes
        groups: dict[int, list[_Dot]] = {}
        for dot in dots:
            groups.setdefault(to_ms(bar_open(dot.post["published_at"], stretch)), []).append(dot)
        if len(groups) <= most:
            break
    return list(groups.values())


def _marker(group: Sequence[_Dot], minutes: int, usual: float | None) -> Marker:
    first, last = group[0].post, group[-1].post
    values = [dot.change.value for dot in group if dot.change is not None and dot.change.value is not None]
    change = median(values) if values else None
    statuses = {dot.change.status if dot.change else "missing" for dot in group}
    status = "missing" if statuses == {"missing"} else None
    one = len(group) == 1
    return Marker(
        time=to_ms(bar_open(first["published_at"], minutes)),
        until=to_ms(bar_open(last["published_at"], minutes)) + minutes * 60_000,
        count=len(group),
        hot=sum(1 for dot in group if dot.post.get("hot_at")),
        measured=len(values),
        change=change,
        tone=tone_of(change, status, usual),
        id=first["_id"] if one else None,
        ids=[dot.post["_id"] for dot in group[-MOST_IDS:]],
        title=first.get("title") or "" if one else f"{len(group)} posts",
    )
