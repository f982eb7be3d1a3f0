"""A generated market: a random walk a minute for each coin, the planted wakes on top, and outages.

A day of a coin is a function of the seed, the coin and the day, given the levels of the days before: any range is
served quickly, and a restart serves the same candles.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import cast

import numpy as np

from newswake.messages import MINUTE_MS
from producers.chance import stream
from producers.generator.posts import DAY_MS, GeneratedPost
from producers.generator.universe import Coin, coin_of
from producers.simulator.world import Block, Floats, Pair

DAY_MINUTES = 1440
COMMON_VOLATILITY, OWN_VOLATILITY = 0.0004, 0.0005  # standard deviations of a minute's log return
OUTAGES_PER_DAY, COMMON_OUTAGES_PER_DAY = 0.25, 0.04
KEPT_DAYS = 400  # coin-days kept in memory

DayOfPosts = Callable[[int], Iterable[GeneratedPost]]


class GeneratedMarket:
    """Candles of `pairs` from the day of `first` (epoch ms) on, with the wakes of the posts of each day.

    `posts_of` gives the posts of a day (number since 1970); without posts the bare walk is left.
    """

    def __init__(self, seed: int, pairs: Sequence[Pair], first: int, posts_of: DayOfPosts) -> None:
        self._seed = seed
        self._posts_of = posts_of
        self._first_day = first // DAY_MS
        self._lock = threading.RLock()
        self._days: OrderedDict[tuple[str, int], Block] = OrderedDict()
        self._levels: dict[str, list[float]] = {}
        self._settled: dict[str, list[float]] = {}
        self.pairs = tuple(pairs)
        self.first = self._first_day * DAY_MS

    def block(self, pair: Pair, first: int, last: int) -> Block:
        days = range(max(first // DAY_MS, self._first_day), last // DAY_MS + 1)
        parts = [self._day(pair.base, day).between(first, last) for day in days] if first <= last else []
        if not parts:
            return self._day(pair.base, self._first_day).rows(slice(0, 0))
        return parts[0] if len(parts) == 1 else _join(parts)

    def log_prices(self, code: str, day: int) -> Floats:
        """The log price at the day's start and at the close of each of its minutes: 1,441 values, outages or not."""
        coin = coin_of(code, self._seed)
        start = np.log(coin.price) + self._level(code, day - self._first_day) + self._settled_before(code, day - 1)
        walk = np.concatenate(([0.0], np.cumsum(self._returns(code, day))))
        moments = day * DAY_MS + np.arange(DAY_MINUTES + 1) * MINUTE_MS
        for made in (*self._posts_of(day - 1), *self._posts_of(day)):
            for wake in made.wakes:
                if wake.symbol == code:
                    walk = walk + wake.at(made.post.published_at, moments)
        return cast(Floats, start + walk)

    def _returns(self, code: str, day: int) -> Floats:
        common = stream(self._seed, "market", day).normal(0, COMMON_VOLATILITY, DAY_MINUTES)
        return common + stream(self._seed, "walk", code, day).normal(0, OWN_VOLATILITY, DAY_MINUTES)

    def _level(self, code: str, days: int) -> float:
        """What the bare walk has gained in the first `days` days."""
        levels = self._levels.setdefault(code, [0.0])
        while len(levels) <= days:
            levels.append(levels[-1] + float(self._returns(code, self._first_day + len(levels) - 1).sum()))
        return levels[days]

    def _settled_before(self, code: str, day: int) -> float:
        """The whole impact of the posts before `day`: a day later nothing of a wake is left to come."""
        settled = self._settled.setdefault(code, [0.0])
        while len(settled) <= day - self._first_day:
            posts = self._posts_of(self._first_day + len(settled) - 1)
            gained = sum(wake.impact for made in posts for wake in made.wakes if wake.symbol == code)
            settled.append(settled[-1] + gained)
        return settled[max(0, day - self._first_day)]

    def _day(self, code: str, day: int) -> Block:
        with self._lock:
            found = self._days.get((code, day))
            if found is None:
                found = self._days[code, day] = self._make(code, day)
                while len(self._days) > KEPT_DAYS:
                    self._days.popitem(last=False)
            self._days.move_to_end((code, day))
            return found

    def _make(self, code: str, day: int) -> Block:
        coin = coin_of(code, self._seed)
        chance = stream(self._seed, "candle", code, day)
        path = np.exp(self.log_prices(code, day))
        before, close = path[:-1], path[1:]
        # A candle's open is often not the last close: a small step in two of three minutes.
        step = chance.normal(0, 0.00005, DAY_MINUTES) * (chance.random(DAY_MINUTES) < 0.67)
        open_ = before * np.exp(step)
        reach = np.abs(chance.normal(0, 0.0003, (2, DAY_MINUTES)))
        high = np.maximum(open_, close) * np.exp(reach[0])
        low = np.minimum(open_, close) * np.exp(-reach[1])
        digits = _digits(coin)
        volume = np.round(coin.turnover / close * np.exp(chance.normal(0, 0.7, DAY_MINUTES)), 5)
        trades = 1 + np.floor(coin.turnover / 2_000 * np.exp(chance.normal(0, 0.5, DAY_MINUTES))).astype(np.int64)
        taker = np.round(volume * chance.uniform(0.3, 0.7, DAY_MINUTES), 5)
        prices = [np.round(column, digits) for column in (open_, high, low, close)]
        times = day * DAY_MS + np.arange(DAY_MINUTES, dtype=np.int64) * MINUTE_MS
        missing = np.zeros(DAY_MINUTES, dtype=bool)
        for start, gap, flat in self._outages(code, day):
            missing[start : start + gap] = True
            still = slice(start + gap, start + gap + flat)
            for column in prices:
                column[still] = prices[3][start - 1]
            volume[still], trades[still], taker[still] = 0.0, 0, 0.0
        whole = Block(times, prices[0], prices[1], prices[2], prices[3], volume, trades, taker)
        return Block(*(column[~missing] for column in whole.columns()))

    def _outages(self, code: str, day: int) -> list[tuple[int, int, int]]:
        """Of each outage: its first minute, the minutes without candles, the flat ones after them."""
        found = []
        for who, rate in ((code, OUTAGES_PER_DAY), ("everyone", COMMON_OUTAGES_PER_DAY)):
            chance = stream(self._seed, "outage", who, day)
            for _ in range(int(chance.poisson(rate))):
                found.append((int(chance.integers(10, 1380)), int(chance.integers(3, 41)), int(chance.integers(2, 7))))
        return sorted(found)


def _digits(coin: Coin) -> int:
    """Decimals of a price: about six figures, never more than the exchange's eight decimals."""
    return int(min(8, max(2, 5 - np.floor(np.log10(coin.price)))))


def _join(parts: Sequence[Block]) -> Block:
    return Block(*(np.concatenate(columns) for columns in zip(*(part.columns() for part in parts), strict=True)))
