"""Candles and posts up to this minute, and the prices that the join must give: the tables as the page finds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from newswake.clock import Clock
from newswake.messages import VOTE_KINDS
from tests.integration.dashboard.tables import Tables, newest
from tests.worlds.oracle import TIME, priced, with_targets
from tests.worlds.world import EXCHANGE, MINUTE, QUOTE, SOURCE

DEEP_MINUTES = 10_080  # of the first coin, which the browser looks at: what is usual is told by seven days
TITLES = ("{} climbs as spot funds take in a record week", "Exchange halts {} withdrawals for an hour")


def minute(clock: Clock) -> datetime:
    """The one that is open."""
    return clock.now().replace(second=0, microsecond=0)


def make(coins: Sequence[str], candles: int, posts: int, now: datetime, horizons: Sequence[int], seed: int) -> Tables:
    """Raises `ValueError` for too few candles."""
    others = (candles - DEEP_MINUTES) // max(1, len(coins) - 1)
    if others <= 0:
        raise ValueError(f"at least {DEEP_MINUTES + len(coins)} candles are needed, were {candles}")
    chance = np.random.default_rng(seed)
    lengths = [DEEP_MINUTES, *[others] * (len(coins) - 1)]
    minutes = pl.concat(_walk(coin, length, now, chance) for coin, length in zip(coins, lengths, strict=True))
    observations = _observations(coins, posts, now, chance)
    return Tables(minutes, observations, newest(observations.to_dicts()), _prices(minutes, observations, now, horizons))


def candle(coin: str, open_time: datetime, close: float) -> dict[str, object]:
    """A row of `candles` that goes from a little below to `close`."""
    prices = {"open": close * 0.9995, "high": close * 1.0005, "low": close * 0.999, "close": close}
    return {
        "symbol": coin, "quote": QUOTE, "exchange": EXCHANGE, "interval": "1m", "open_time": open_time, **prices,
        "volume": 12.5, "trades": 42, "taker_buy_volume": 6.0, "filled": False, "seen_at": open_time + MINUTE,
    }  # fmt: skip


def _walk(coin: str, length: int, now: datetime, chance: np.random.Generator) -> pl.DataFrame:
    closes = 100.0 * np.exp(np.cumsum(chance.standard_t(3, length) * 0.0004))
    first = now - length * MINUTE
    return pl.DataFrame([candle(coin, first + at * MINUTE, close) for at, close in enumerate(closes.tolist())]).cast(
        {pl.Datetime: TIME}
    )


def _observations(coins: Sequence[str], posts: int, now: datetime, chance: np.random.Generator) -> pl.DataFrame:
    ages = np.sort(chance.uniform(0, DEEP_MINUTES, posts))
    published = [(now - timedelta(minutes=float(age))).replace(microsecond=0) for age in ages]
    tagged = [coins[0] if at % 5 == 0 else coins[int(chance.integers(len(coins)))] for at in range(posts)]
    votes = chance.poisson(5, (posts, len(VOTE_KINDS))).tolist()
    rows = [
        {
            "post_id": str(at), "source": SOURCE, "kind": "news", "title": TITLES[at % len(TITLES)].format(tagged[at]),
            "url": f"https://example.org/{at}", "domain": "example.org", "published_at": time, "created_at": None,
            "seen_at": time + MINUTE, "hot": at % 10 == 0, "currencies": [tagged[at]],
            "votes": dict(zip(VOTE_KINDS, votes[at], strict=True)), "panic_score": None,
        }
        for at, time in enumerate(published)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"created_at": TIME, "panic_score": pl.Float64})


def _prices(minutes: pl.DataFrame, observations: pl.DataFrame, now: datetime, horizons: Sequence[int]) -> pl.DataFrame:
    closes = minutes.select(
        "symbol", pl.col("open_time").alias("target_open"), pl.col("close").alias("price"), "filled"
    )
    due = (
        observations.select("source", "post_id", pl.col("currencies").alias("symbol"), "hot", "published_at", "seen_at")
        .explode("symbol")
        .join(pl.DataFrame({"horizon_minutes": horizons}, {"horizon_minutes": pl.Int32}), how="cross")
    )
    rows = priced(with_targets(due), closes, now.replace(minute=0) - timedelta(hours=7))
    return rows.with_columns(pl.lit(None, TIME).alias("repaired_at"))
