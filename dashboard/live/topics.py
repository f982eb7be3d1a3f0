"""What a client can subscribe to, as text: `candles:BTC:5m`, `posts`, `posts:15`, `post_prices:rss:abc`, `health`, …"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dashboard.params import COIN_PATTERN
from dashboard.reads.candles import MINUTES

PLAIN: Final = ("coins", "health", "portfolio", "followed")
HORIZON: Final = 60
MOST_HORIZON: Final = 100_000
_COIN: Final = re.compile(COIN_PATTERN)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}")


class UnknownTopic(Exception):
    """Raised when a text names no topic; says so in a sentence."""


@dataclass(frozen=True)
class Candles:
    coin: str
    interval: str

    @property
    def minutes(self) -> int:
        return MINUTES[self.interval]


@dataclass(frozen=True)
class Posts:
    """Posts with their returns at one horizon, minutes."""

    horizon: int


@dataclass(frozen=True)
class PostPrices:
    post: str


@dataclass(frozen=True)
class Plain:
    name: str


Topic = Candles | Posts | PostPrices | Plain


def topic_of(text: str) -> Topic:
    """Raises `UnknownTopic`.

    >>> topic_of("candles:BTC:5m"), topic_of("posts"), topic_of("post_prices:rss:a:b")
    (Candles(coin='BTC', interval='5m'), Posts(horizon=60), PostPrices(post='rss:a:b'))
    """
    kind, _, rest = text.partition(":")
    if kind == "candles":
        coin, _, interval = rest.rpartition(":")
        if interval in MINUTES and len(coin) <= 32 and _COIN.fullmatch(coin):
            return Candles(coin, interval)
    elif kind == "posts":
        if not rest:
            return Posts(HORIZON)
        if _NUMBER.fullmatch(rest) and int(rest) <= MOST_HORIZON:
            return Posts(int(rest))
    elif kind == "post_prices" and rest:
        return PostPrices(rest)
    elif text in PLAIN:
        return Plain(text)
    raise UnknownTopic(f"There is no topic {text[:80]}")
