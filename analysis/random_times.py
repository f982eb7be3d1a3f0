"""What would have been measured at random times: the same posts, all moved by one random time around the period."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from analysis.bootstrap import CELLS_AT_ONCE, Band, band
from analysis.frames import Period
from analysis.grid import PriceGrid, minute_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class RandomTimes:
    """Mean over the draws of the mean, the median and the mean size of the returns, and where 95 % of them lie."""

    draws: int
    mean: float
    mean_band: Band
    median: float
    median_band: Band
    size: float
    size_band: Band


def moved(
    grids: tuple[PriceGrid, ...], coins: Ints, minutes: Ints, horizon: int, period: Period, offsets: Ints
) -> RandomTimes | None:
    """The returns over `horizon` when every minute is moved by each of `offsets`, what passes the end going on at the
    beginning of the period. `coins[i]` says which of `grids` is that of `minutes[i]`.

    All move together, so that posts which came close to each other, and windows which overlap, still do: independent
    random times would give a band that is too narrow. (A random shift on a torus: Lotwick and Silverman, "Methods for
    analysing spatial processes of several types of points", 1982.) None where no draw has a price.
    """
    first = minute_of(period.since)
    length = minute_of(period.until) - first + 1
    starts = np.arange(first, first + length)
    # The period twice, so that what passes the end needs no thought: coin after coin in one row.
    changes = np.concatenate([np.tile(grid.at(starts + horizon) / grid.at(starts) - 1, 2) for grid in grids])
    places = coins * 2 * length + (minutes - first) % length
    shifts = np.array_split(offsets % length, ceil(offsets.size * minutes.size / CELLS_AT_ONCE))
    figures = [_figures(changes[places + shift[:, np.newaxis]]) for shift in shifts]
    means, medians, sizes = (np.concatenate(column) for column in zip(*figures, strict=True))
    if means.size == 0:
        return None
    return RandomTimes(
        draws=int(means.size),
        mean=float(means.mean()),
        mean_band=band(means),
        median=float(medians.mean()),
        median_band=band(medians),
        size=float(sizes.mean()),
        size_band=band(sizes),
    )


def _figures(drawn: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, median and mean size of each row, a draw, that has any price; NaN where there was none."""
    lacking = np.isnan(drawn)
    known = drawn.shape[1] - lacking.sum(axis=1)
    if not known.all():
        drawn, lacking, known = drawn[known > 0], lacking[known > 0], known[known > 0]
    if not known.size:
        return known.astype(np.float64), known.astype(np.float64), known.astype(np.float64)
    # NaN comes last. The rows' middles lie from `low` to `high`: nothing else is put in order.
    low, high = int(known.min() - 1) // 2, int(known.max()) // 2
    middles = np.sort(np.partition(drawn, (low, high), axis=1)[:, low : high + 1], axis=1)
    rows = np.arange(known.size)
    medians = (middles[rows, (known - 1) // 2 - low] + middles[rows, known // 2 - low]) / 2
    values = np.where(lacking, 0.0, drawn)
    return values.sum(axis=1) / known, medians, np.abs(values).sum(axis=1) / known
