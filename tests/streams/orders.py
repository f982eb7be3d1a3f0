"""The orders in which a backlog or a live trickle is read: what each batch gets of both topics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from tests.streams.feed import Batch
from tests.worlds.world import START, Beat, Observed, World

Item = TypeVar("Item")
Order = Callable[[World], list[Batch]]


def as_it_happens(world: World, hours: float = 10) -> list[Batch]:
    """Both topics, span by span of `hours`."""
    count = _spans(world, hours)
    return list(zip(_by_time(world.posts, hours, count), _by_time(world.candles, hours, count), strict=True))


def candles_ten_times_faster(world: World) -> list[Batch]:
    """A backlog of which the candles are read ten times faster than the posts."""
    posts = [items for items, _ in as_it_happens(world)]
    pages = [items for _, items in as_it_happens(world)]
    tens = [[page for span in pages[k : k + 10] for page in span] for k in range(0, len(pages), 10)]
    return list(zip(posts, [*tens, *([] for _ in range(len(posts) - len(tens)))], strict=True))


def posts_ten_times_faster(world: World) -> list[Batch]:
    """The other way round."""
    posts = [items for items, _ in as_it_happens(world)]
    tens = [[item for span in posts[k : k + 10] for item in span] for k in range(0, len(posts), 10)]
    pages = [items for _, items in as_it_happens(world)]
    return list(zip([*tens, *([] for _ in range(len(pages) - len(tens)))], pages, strict=True))


def all_candles_first(world: World) -> list[Batch]:
    """The posts come when the candles have all been read."""
    spans = as_it_happens(world, 20)
    return [*(([], pages) for _, pages in spans), *((posts, []) for posts, _ in spans)]


def all_posts_first(world: World) -> list[Batch]:
    """The candles come when the posts have all been read."""
    spans = as_it_happens(world, 20)
    return [*((posts, []) for posts, _ in spans), *(([], pages) for _, pages in spans)]


def in_one_batch(world: World) -> list[Batch]:
    return [(world.posts, world.candles)]


def _spans(world: World, hours: float) -> int:
    last = max(item.at for item in (*world.posts, *world.candles))
    return (last - START) // timedelta(hours=hours) + 1


def _by_time(items: Sequence[Item], hours: float, count: int) -> list[list[Item]]:
    spans: list[list[Item]] = [[] for _ in range(count)]
    for item in items:
        assert isinstance(item, Observed | Beat) or hasattr(item, "at")
        spans[(item.at - START) // timedelta(hours=hours)].append(item)
    return spans
