"""A few days as they happen: posts that are seen late and again and again, quiet days, outages, pages sent twice."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from tests.worlds.world import (
    MINUTE,
    Observed,
    Page,
    PostItem,
    World,
    at,
    beats,
    in_order,
    page,
    pages_in_order,
    revised,
)

COINS = ("BTC", "ETH", "XRP")
WITHOUT_CANDLES = "GHOST"
LATENESS_MINUTES = 120


def live_world(seed: int = 7, hours: int = 100, posts: int = 60, quiet: tuple[int, int] = (40, 64)) -> World:
    """Posts in all hours but the `quiet` ones, each seen up to four times; nothing later than the lateness."""
    chance = random.Random(seed)
    observed: list[PostItem] = []
    for number in range(posts):
        hour = chance.choice([hour for hour in range(1, hours - 4) if not quiet[0] <= hour < quiet[1]])
        published = at(hour, chance.choice([0, chance.uniform(0, 60)])).replace(microsecond=0)
        observed += _observations(chance, f"{number * 7919 % posts:03d}", published)
    # The very edge of what the lateness promises.
    edge = at(20, 31)
    observed.append(Observed(edge + (LATENESS_MINUTES - 1) * MINUTE, "edge", edge, COINS))
    end = at(hours)
    on_time = [item for item in observed if item.at <= end]
    return World(in_order(on_time, beats(at(0), end)), pages_in_order(*(_pages(chance, coin, hours) for coin in COINS)))


def _observations(chance: random.Random, post_id: str, published: datetime) -> list[Observed]:
    coins = tuple(chance.sample((*COINS, WITHOUT_CANDLES), k=chance.randint(0, 3)))
    delay = chance.expovariate(1 / 20) if chance.random() < 7 / 8 else chance.uniform(60, LATENESS_MINUTES - 1)
    seen = published + min(delay, LATENESS_MINUTES - 1) * MINUTE
    rows = [Observed(seen.replace(microsecond=0), post_id, published, coins, hot=chance.choice([None, False]))]
    for _ in range(chance.choice([0, 0, 1, 3])):
        seen += timedelta(minutes=chance.uniform(5, 200))
        edited = published + chance.choice([0, 0, 0, 95]) * MINUTE
        rows.append(Observed(seen.replace(microsecond=0), post_id, edited, coins, hot=chance.choice([False, True])))
    return rows


def _pages(chance: random.Random, coin: str, hours: int) -> list[Page]:
    """Pages of one coin, of one to ninety minutes, some sent twice, some late, some minutes missing or carried on."""
    missing = {at(0, chance.randrange(hours * 60)) for _ in range(hours)}
    outage = at(chance.randrange(10, hours - 20))
    missing |= {outage + k * MINUTE for k in range(chance.randrange(60, 240))}
    rows: list[Page] = []
    time, end = at(0), at(hours)
    while time < end:
        minutes = chance.choice([60, 60, 60, 90, 20, 5, 1])
        minutes = min(minutes, (end - time) // MINUTE)
        one = page(coin, time, minutes, missing)
        time += minutes * MINUTE
        if not one.times:
            continue
        if chance.random() < 0.1:
            one = replace(one, filled=tuple(chance.random() < 0.3 for _ in one.times))
        if chance.random() < 0.15:
            one = replace(one, at=min(one.at + chance.uniform(0, LATENESS_MINUTES - 91) * MINUTE, end))
        rows.append(one)
        if chance.random() < 0.15:
            again = replace(one, at=min(one.at + chance.choice([0, 30, 400]) * MINUTE, end))
            # The exchange revises history now and then: what came first stays.
            rows.append(chance.choice([again, revised(again)]))
    return rows
