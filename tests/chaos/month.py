"""A month as it happens, with what goes wrong in it: the worlds of the other tests, and heavier tails."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from newswake.clock import to_iso, to_ms
from tests.worlds.live import COINS, LATENESS_MINUTES, live_world
from tests.worlds.messages import as_bytes
from tests.worlds.world import HOUR, MINUTE, Beat, Observed, Page, World, at, in_order, pages_in_order

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
POSTS_A_DAY = 16
GARBAGE_EVERY = 40
TOLD_PER_PAGE = 0.1


@dataclass(frozen=True)
class Told:
    """One message: when it is published (time of the world), its key and its bytes. `is_beat`: flush before it."""

    at: datetime
    key: bytes
    value: bytes
    is_beat: bool = False


def month(seed: int, days: int) -> World:
    """Posts whose flag and publication time change, pages that come twice, overlap or come days late."""
    hours = 24 * days
    chance = random.Random(seed)
    quiet = (hours // 3, hours // 3 + min(24, hours // 4))
    world = live_world(seed, hours, POSTS_A_DAY * days, quiet)
    late = [item for number in range(2 * days) for item in _late_post(chance, f"late{number}", hours)]
    delayed = [_delayed(chance, page, hours) for page in world.candles]
    overlapping = list(_overlapping(chance, world.candles))
    return World(in_order(world.posts, late), pages_in_order(delayed, overlapping))


def messages(world: World, kind: str) -> list[Told]:
    """The messages of the topic `posts` or `candles`, in order, with garbage between them."""
    items: Sequence[Observed | Beat | Page] = world.posts if kind == "posts" else world.candles
    told: list[Told] = []
    for place, item in enumerate(items):
        key, value = as_bytes(item)
        told.append(Told(item.at, key, value, isinstance(item, Beat)))
        if place % GARBAGE_EVERY == GARBAGE_EVERY - 1:
            told.append(Told(item.at, b"garbage", _garbage(kind, place)))
    return told


def is_garbage(value: bytes) -> bool:
    """Whether `messages` made this value to be refused."""
    return b"garbage" in value


def _garbage(kind: str, place: int) -> bytes:
    """In turn: no JSON, two documents, and, dated ten years ahead, a heartbeat or a page: a poisoned clock."""
    number = f'"garbage": {place}'
    ahead = datetime.now().astimezone() + timedelta(days=3650)
    open_time = to_ms(ahead) // 60_000 * 60_000
    columns = ", ".join(f'"{name}": [1.0]' for name in ("open", "high", "low", "close", "volume"))
    poison = {
        "posts": f'{{{number}, "heartbeat": {to_ms(ahead)}}}',
        "candles": f'{{{number}, "symbol": "garbage", "quote": "USDT", "exchange": "binance", '
        f'"open_time": [{open_time}], {columns}}}',
    }[kind]
    dated = f'{{{number}, "id": "garbage", "title": "t", "published_at": "{to_iso(ahead)}"}}'
    return [f"{{{number}", f"{{{number}}} {{{number}}}", poison, dated][place // GARBAGE_EVERY % 4].encode()


def _late_post(chance: random.Random, post_id: str, hours: int) -> Iterator[Observed]:
    """A post that is first seen later than the lateness, perhaps by days, and then again, perhaps hot."""
    published = at(chance.uniform(1, hours - 8)).replace(microsecond=0)
    coins = tuple(chance.sample(COINS, k=chance.randint(1, 3)))
    seen = published + (LATENESS_MINUTES * MINUTE) * chance.paretovariate(1.1)
    for _ in range(chance.choice([1, 2, 3])):
        if seen > at(hours):
            return
        seen = seen.replace(microsecond=0)
        yield Observed(seen, post_id, published, coins, hot=chance.choice([None, False, True]))
        seen += chance.uniform(5, 300) * MINUTE


def _delayed(chance: random.Random, page: Page, hours: int) -> Page:
    """Now and then a page comes later than the lateness, perhaps by days."""
    if chance.random() > TOLD_PER_PAGE:
        return page
    return replace(page, at=min(page.at + (LATENESS_MINUTES * MINUTE) * chance.paretovariate(1.1), at(hours)))


def _overlapping(chance: random.Random, pages: Sequence[Page]) -> Iterator[Page]:
    """Pages that hold the end of one page and the beginning of the next one, across the hour."""
    for coin in COINS:
        mine = sorted((page for page in pages if page.symbol == coin), key=lambda page: page.times[0])
        for first, second in pairwise(mine):
            if chance.random() > TOLD_PER_PAGE or second.times[0] - first.times[-1] > HOUR:
                continue
            rows = {time: (first, place) for place, time in enumerate(first.times) if place >= len(first.times) // 2}
            rows |= {
                time: (second, place) for place, time in enumerate(second.times) if place <= len(second.times) // 2
            }
            times = tuple(sorted(rows))
            closes = tuple(page.closes[place] for page, place in map(rows.__getitem__, times))
            filled = tuple(bool(page.filled and page.filled[place]) for page, place in map(rows.__getitem__, times))
            yield Page(max(first.at, second.at), coin, times, closes, filled)
