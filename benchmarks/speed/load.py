"""What is put on the two topics, and what every engine must make of it.

The candles go forward in time over all coins together, an hour page a message; each post is about two coins. All that
is due can be priced, so that the count and the sum of the prices are known beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import orjson
from numpy.typing import NDArray

from newswake.avro_page import to_avro
from newswake.clock import from_ms
from newswake.kafka import ensure_topics
from newswake.messages import HOUR_MS, MINUTE_MS, Heartbeat, Observation
from newswake.settings import Kafka
from producers.publisher import Publisher

START_MS = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)
SOURCE = "bench"
COINS_A_POST = 2
MINUTES = 60


@dataclass(frozen=True)
class Post:
    """`published_at` is epoch milliseconds; `coins` are numbers of coins."""

    number: int
    published_at: int
    coins: tuple[int, ...]


@dataclass(frozen=True)
class Load:
    """The same seed gives the same bytes. `candles` is rounded up to whole hours of all coins."""

    coins: int
    candles: int
    posts: int
    seed: int
    horizons: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.hours <= self._tail_hours + 2:
            raise ValueError(
                f"{self.candles:,} candles of {self.coins} coins are {self.hours} hours; more than "
                f"{self._tail_hours + 2} are needed, so that the longest horizon of a post lies inside"
            )

    @property
    def hours(self) -> int:
        return math.ceil(self.candles / self.coins / MINUTES)

    @property
    def pages(self) -> int:
        return self.hours * self.coins

    @property
    def published_candles(self) -> int:
        return self.pages * MINUTES

    @property
    def due(self) -> int:
        """Rows that the join must give, each with a price."""
        return self.posts * COINS_A_POST * len(self.horizons)

    @cached_property
    def sum_of_prices(self) -> float:
        """Computed from the closes themselves, without a join."""
        closes = self._closes
        minutes = [
            (coin, (post.published_at - START_MS) // MINUTE_MS + horizon - 1)
            for post in self.all_posts()
            for coin in post.coins
            for horizon in self.horizons
        ]
        return math.fsum(float(closes[coin, minute]) for coin, minute in minutes)

    @property
    def sum_of_closes(self) -> float:
        return float(self._closes.sum())

    def all_posts(self) -> list[Post]:
        """In the order of publication; the first targets and the last ones lie inside the candles."""
        chance = np.random.default_rng([self.seed, 1])
        last = START_MS + (self.hours - self._tail_hours) * HOUR_MS
        times = np.sort(chance.integers((START_MS + HOUR_MS) // 1000, last // 1000, self.posts)) * 1000
        return [
            Post(number, int(time), tuple(map(int, chance.choice(self.coins, COINS_A_POST, replace=False))))
            for number, time in enumerate(times)
        ]

    def page_messages(self, candles_format: str = "json") -> Iterator[tuple[bytes, bytes]]:
        """Key and value, as `CandlePage` writes them in that form, hour by hour."""
        written = to_avro if candles_format == "avro" else orjson.dumps
        closes, chance = self._closes, np.random.default_rng([self.seed, 2])
        for hour in range(self.hours):
            times = [START_MS + hour * HOUR_MS + minute * MINUTE_MS for minute in range(MINUTES)]
            close = closes[:, hour * MINUTES : (hour + 1) * MINUTES]
            open_ = np.roll(close, 1, axis=1)
            volume = chance.exponential(100, close.shape).round(5)
            taker = (volume * 0.4).round(5)
            trades = chance.integers(1, 2_000, close.shape)
            high, low = np.maximum(open_, close), np.minimum(open_, close)
            for coin in range(self.coins):
                columns = {"open": open_, "high": high, "low": low, "close": close, "volume": volume}
                columns |= {"trades": trades, "taker_buy_volume": taker}
                body = {
                    "symbol": symbol(coin),
                    "quote": "USDT",
                    "exchange": "binance",
                    "interval": "1m",
                    "seen_at": times[-1] + MINUTE_MS,
                    "open_time": times,
                    **{name: values[coin].tolist() for name, values in columns.items()},
                    "filled": [False] * MINUTES,
                }
                yield symbol(coin).encode(), written(body)

    def post_messages(self) -> Iterator[Observation | Heartbeat]:
        """The posts with a heartbeat for every hour, each after the posts that it covers."""
        beat = START_MS + HOUR_MS
        for post in self.all_posts():
            while beat <= post.published_at:
                yield Heartbeat(heartbeat=beat, source=SOURCE)
                beat += HOUR_MS
            yield observation(post)
        end = START_MS + self.hours * HOUR_MS
        yield from (Heartbeat(heartbeat=time, source=SOURCE) for time in range(beat, end + 1, HOUR_MS))

    @property
    def _tail_hours(self) -> int:
        return math.ceil(max(self.horizons) / MINUTES) + 1

    @cached_property
    def _closes(self) -> NDArray[np.float64]:
        """[coin, minute]: random walks at very different prices, each with as many digits as an exchange gives."""
        chance = np.random.default_rng([self.seed, 0])
        steps = chance.normal(0, 1e-3, (self.coins, self.hours * MINUTES))
        prices = 10 ** chance.uniform(-1, 4, (self.coins, 1)) * np.exp(np.cumsum(steps, axis=1))
        return np.maximum(prices.round(4), 0.0001)


def symbol(coin: int) -> str:
    return f"C{coin:03d}"


def observation(post: Post) -> Observation:
    return Observation(
        id=str(post.number),
        source=SOURCE,
        kind="news",
        title=f"Post {post.number} of the benchmark",
        url=f"https://example.org/{post.number}",
        published_at=from_ms(post.published_at),
        seen_at=from_ms(post.published_at + 30_000),
        hot=post.number % 20 == 0,
        currencies=tuple(symbol(coin) for coin in post.coins),
    )


def publish(load: Load, kafka: Kafka) -> None:
    """Put the load on the topics, which are made when missing."""
    ensure_topics(kafka)
    with Publisher(kafka, timeout_seconds=600) as publisher:
        for message in load.post_messages():
            publisher.publish(kafka.posts_topic, message)
        for key, value in load.page_messages(kafka.candles_format):
            publisher.publish_bytes(kafka.candles_topic, key, value)
