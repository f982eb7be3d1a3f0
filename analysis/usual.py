"""How far a coin usually moves within a horizon: what a wake is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from analysis.grid import PriceGrid, grid_of, minute_of

DAYS: Final = 7


@dataclass(frozen=True)
class UsualMove:
    """`move` is the median of |return| over `horizon_minutes` from each of `minutes` minutes; None without any."""

    horizon_minutes: int
    move: float | None
    minutes: int


def usual_moves(
    candles: pl.DataFrame, symbol: str, at: datetime, horizons: Sequence[int], days: int = DAYS
) -> tuple[UsualMove, ...]:
    """The usual absolute move over each horizon, as known at `at`.

    The median of |price(t + h) / price(t) - 1| over every minute t of the `days` days before `at` whose window had
    ended by then: nothing that came after `at` is in it. A window that meets a gap at either end does not count.
    """
    grid = grid_of(candles, symbol)
    now = minute_of(at)
    return tuple(_usual(grid, now, horizon, days * 1440) for horizon in horizons)


def _usual(grid: PriceGrid, now: int, horizon: int, span: int) -> UsualMove:
    starts = np.arange(now - span, now - horizon + 1)
    if starts.size == 0:
        return UsualMove(horizon, None, 0)
    moves = np.abs(grid.at(starts + horizon) / grid.at(starts) - 1)
    known = moves[~np.isnan(moves)]
    return UsualMove(horizon, float(np.median(known)) if known.size else None, int(known.size))
