"""Which coins rose, fell and were traded most in the last hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from analysis.frames import minutes_of, utc
from analysis.grid import grid_of, minute_of, moment_of

STALE: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class CoinMove:
    """A coin's last hours.

    `price` is the newest close, at `price_time`; `change` from the close that many hours before it, None where no
    candle closed then. `quote_volume` is the sum of volume x close over the minutes, in the currency of the prices (the
    exchange's own figure weighs each trade with its price). `stale`: the newest close is more than 5 minutes old.
    """

    symbol: str
    price: float
    price_time: datetime
    change: float | None
    high: float
    low: float
    quote_volume: float
    minutes: int
    stale: bool


def day_moves(candles: pl.DataFrame, now: datetime, hours: int = 24) -> tuple[CoinMove, ...]:
    """The coins with a candle in the `hours` before `now`, the greatest gain first, those without a change last.

    Only candles that had closed by `now` are used; those of `hours` + 1 before it are enough.
    """
    moment = utc(now)
    closed = minutes_of(candles).filter(pl.col("open_time") + pl.duration(minutes=1) <= moment)
    recent = closed.filter(pl.col("open_time") + pl.duration(minutes=1) > moment - timedelta(hours=hours))
    facts = recent.group_by("symbol").agg(
        pl.col("high").max(),
        pl.col("low").min(),
        (pl.col("volume") * pl.col("close")).sum().alias("quote_volume"),
        pl.len().alias("minutes"),
    )
    moves = [_move(closed, now, hours, *row) for row in facts.iter_rows()]
    return tuple(
        sorted(moves, key=lambda move: (move.change is None, -(move.change or 0), move.symbol)),
    )


def _move(
    closed: pl.DataFrame, now: datetime, hours: int, symbol: str, high: float, low: float, volume: float, minutes: int
) -> CoinMove:
    grid = grid_of(closed, symbol)
    price, before = float(grid.prices[-1]), grid.price(grid.last - hours * 60)
    return CoinMove(
        symbol=symbol,
        price=price,
        price_time=moment_of(grid.last),
        change=None if before is None else price / before - 1,
        high=high,
        low=low,
        quote_volume=volume,
        minutes=minutes,
        stale=minute_of(now) - grid.last > STALE.total_seconds() / 60,
    )
