"""A world in which somebody did not work for a while: what arrives then, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from tests.worlds.world import Beat, Observed, Page, PostItem, World, in_order, pages_in_order

Span = tuple[datetime, datetime]


def posts_producer_off(world: World, span: Span) -> World:
    """What it missed it sees once when it is on again, because nobody saw it before; it is not heard meanwhile."""
    first, last = span
    items = [item for item in world.posts if not first <= item.at < last]
    missed = [item for item in world.posts if isinstance(item, Observed) and first <= item.at < last]
    seen_late = {item.post_id: replace(item, at=last) for item in reversed(missed)}
    return replace(world, posts=in_order(items, list(seen_late.values()), [Beat(last)]))


def candles_producer_off(world: World, span: Span) -> World:
    """Its backfill goes forward in time over all coins together, hour by hour."""
    first, last = span
    late = [page for page in world.candles if first <= page.at < last]
    caught_up = [replace(page, at=last) for page in sorted(late, key=lambda page: page.times[0])]
    return replace(world, candles=pages_in_order([page for page in world.candles if page not in set(late)], caught_up))


def both_producers_off(world: World, span: Span) -> World:
    """As while the machine is asleep, or while it is off and nobody publishes."""
    return candles_producer_off(posts_producer_off(world, span), span)


def heartbeats_stopped(world: World, span: Span) -> World:
    """Posts are seen, but nobody says up to when."""
    first, last = span
    return replace(
        world, posts=tuple(item for item in world.posts if isinstance(item, Observed) or not first <= item.at < last)
    )


def cut(world: World, *moments: datetime) -> list[tuple[tuple[PostItem, ...], tuple[Page, ...]]]:
    """Both topics up to each moment, and the rest."""
    edges = [datetime.min.replace(tzinfo=moments[0].tzinfo), *moments, datetime.max.replace(tzinfo=moments[0].tzinfo)]
    return [
        (
            tuple(item for item in world.posts if first <= item.at < last),
            tuple(page for page in world.candles if first <= page.at < last),
        )
        for first, last in pairwise(edges)
    ]
