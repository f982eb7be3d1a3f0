"""What a reader could still have had: the return since a post was first seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from analysis.grid import grid_of, minute_after, minute_of, moment_of


@dataclass(frozen=True)
class SinceSeen:
    """A reader's way in and what became of it.

    `entry_time` and `entry_price`: the first close from when the post was first seen on; None where there is none yet.
    `value`: the return from there to the newest close, `last_price` at `last_time`. `by_horizon`: (minutes after
    publication, the return from the entry to then); None where no candle closed then, it lies after now, or before
    the entry: it was over when the post was first seen.
    """

    entry_time: datetime | None
    entry_price: float | None
    last_time: datetime | None
    last_price: float | None
    value: float | None
    by_horizon: tuple[tuple[int, float | None], ...]


def since_first_seen(
    candles: pl.DataFrame,
    symbol: str,
    published_at: datetime,
    first_seen_at: datetime,
    now: datetime,
    horizons: Sequence[int],
) -> SinceSeen:
    """The return of `symbol` since a post was first seen, as known at `now`.

    The entry is the first candle that CLOSED at or after `first_seen_at` (rounded up: the close before it was past).
    Costs of a trade are not in it.
    """
    grid = grid_of(candles, symbol)
    until = minute_of(now)
    entry = grid.next(minute_after(first_seen_at))
    last = grid.newest(until)
    if entry is None or last is None or entry > last:
        return SinceSeen(None, None, None, None, None, tuple((horizon, None) for horizon in horizons))
    entry_price, last_price = grid.price(entry), grid.price(last)

    def change(minute: int) -> float | None:
        price = grid.price(minute) if entry <= minute <= until else None
        return None if price is None or entry_price is None else price / entry_price - 1

    by_horizon = tuple((horizon, change(minute_of(published_at) + horizon)) for horizon in horizons)
    return SinceSeen(moment_of(entry), entry_price, moment_of(last), last_price, change(last), by_horizon)
