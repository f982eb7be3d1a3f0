"""The endless generated world that the simulator serves when it has no recording."""

from __future__ import annotations

from collections.abc import Sequence

from newswake.messages import MINUTE_MS
from producers.generator.market import GeneratedMarket
from producers.generator.posts import DAY_MS, GeneratedNews
from producers.generator.universe import UNFOLLOWED
from producers.simulator.world import Pair, World

BEGINS_BEHIND_DAYS = 7
HISTORY_DAYS = 3


def first_start(real_now: int) -> int:
    """Where a new simulation begins: a week behind the real clock, on a whole minute (epoch ms)."""
    return (real_now - BEGINS_BEHIND_DAYS * DAY_MS) // MINUTE_MS * MINUTE_MS


def history_start(start: int) -> int:
    """The day from which there are candles and posts: old enough for the backfill, and for posts to be listed."""
    return (start - HISTORY_DAYS * DAY_MS) // DAY_MS * DAY_MS


def generated_world(seed: int, coins: Sequence[str], quote: str, start: int) -> tuple[World, GeneratedNews]:
    """The world that begins at `start` (epoch ms), and its news, which know the planted wakes.

    It trades `coins` and a few others, so that there is something to follow beside them.
    """
    first = history_start(start)
    news = GeneratedNews(seed, first)
    traded = dict.fromkeys((*coins, *UNFOLLOWED))
    market = GeneratedMarket(seed, [Pair(code, quote) for code in traded], first, news.day)
    return World(market, news, news, start, None), news
