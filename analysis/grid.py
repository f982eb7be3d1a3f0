"""Prices of one coin on a grid of minutes, for looking up and for returns over any horizon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.frames import minutes_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class PriceGrid:
    """`prices[i]` is the close of the candle that closed exactly `first + i` minutes after 1970; NaN without one."""

    first: int
    prices: Floats

    @property
    def last(self) -> int:
        """The minute of the newest close; before `first` when there is none."""
        return self.first + self.prices.size - 1

    def at(self, minutes: Ints) -> Floats:
        """The prices at these minutes, in any shape; NaN where no candle closed then."""
        places = minutes - self.first
        inside = (places >= 0) & (places < self.prices.size)
        found = np.full(places.shape, np.nan)
        found[inside] = self.prices[places[inside]]
        return found

    def price(self, minute: int) -> float | None:
        """The price at one minute, None where no candle closed then."""
        found = float(self.at(np.array([minute]))[0])
        return None if np.isnan(found) else found

    def newest(self, minute: int) -> int | None:
        """The newest minute up to `minute` at which a candle closed."""
        known = np.flatnonzero(~np.isnan(self.prices[: max(0, minute - self.first + 1)]))
        return self.first + int(known[-1]) if known.size else None

    def next(self, minute: int) -> int | None:
        """The first minute from `minute` on at which a candle closed."""
        start = max(0, minute - self.first)
        known = np.flatnonzero(~np.isnan(self.prices[start:]))
        return self.first + start + int(known[0]) if known.size else None


def grid_of(candles: pl.DataFrame, symbol: str) -> PriceGrid:
    """The closes of `symbol`, whose candles may stand beside others'."""
    closes = minutes_of(candles.filter(pl.col("symbol") == symbol))
    if closes.is_empty():
        return PriceGrid(0, np.empty(0))
    minutes = closes["open_time"].dt.epoch("s").to_numpy() // 60 + 1
    first = int(minutes[0])
    prices = np.full(int(minutes[-1]) - first + 1, np.nan)
    prices[minutes - first] = closes["close"].to_numpy()
    return PriceGrid(first, prices)


def minute_of(moment: datetime) -> int:
    """Minutes since 1970, rounded down, as for a target time."""
    return (moment - _EPOCH) // _MINUTE


def minute_after(moment: datetime) -> int:
    """Minutes since 1970, rounded up: the first close that lies not before `moment`."""
    return -((_EPOCH - moment) // _MINUTE)


def moment_of(minute: int) -> datetime:
    """The time of a minute of the grid."""
    return _EPOCH + minute * _MINUTE
