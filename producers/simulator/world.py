"""What the simulator serves, wherever it comes from: a market and news. Times are epoch milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from producers.simulator.life import SimulatedPost

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Column = npt.NDArray[Any]


@dataclass(frozen=True)
class Pair:
    """A market: `base` priced in `quote`."""

    base: str
    quote: str

    @property
    def symbol(self) -> str:
        return self.base + self.quote


@dataclass(frozen=True)
class Block:
    """Consecutive candles as columns of equal length, oldest first; a missing minute is absent."""

    open_time: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    trades: Ints
    taker_buy_volume: Floats

    def __len__(self) -> int:
        return len(self.open_time)

    def columns(self) -> tuple[Column, ...]:
        return (
            self.open_time, self.open, self.high, self.low, self.close,
            self.volume, self.trades, self.taker_buy_volume,
        )  # fmt: skip

    def rows(self, rows: slice) -> Block:
        return Block(*(column[rows] for column in self.columns()))

    def between(self, first: int, last: int) -> Block:
        """The candles that open from `first` to `last`, both included."""
        low = int(np.searchsorted(self.open_time, first, side="left"))
        return self.rows(slice(low, max(low, int(np.searchsorted(self.open_time, last, side="right")))))


class Market(Protocol):
    @property
    def pairs(self) -> tuple[Pair, ...]: ...

    @property
    def first(self) -> int:
        """No candle opened before this."""
        ...

    def block(self, pair: Pair, first: int, last: int) -> Block:
        """The candles that open from `first` to `last`, both included."""
        ...


class News(Protocol):
    def newest_first(self, now: int) -> Iterable[SimulatedPost]:
        """Posts published up to `now`, the newest publication first, whether they have arrived or not."""
        ...


@dataclass(frozen=True)
class FeedItem:
    """One entry of the RSS feed."""

    id: str
    title: str
    link: str
    published_at: int
    arrives_at: int


class Feed(Protocol):
    def items(self, now: int) -> Iterable[FeedItem]:
        """Entries that have arrived by `now`, the newest publication first."""
        ...


@dataclass(frozen=True)
class World:
    """`start` is where its clock begins, `end` where it stops (None: never)."""

    market: Market
    news: News
    feed: Feed
    start: int
    end: int | None
