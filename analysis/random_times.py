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
    changes = np.stack([grid.at(starts + horizon) / grid.at(starts) - 1 for grid in grids])
    portions = np.array_split(offsets, ceil(offsets.size * minutes.size / CELLS_AT_ONCE))
    figures = [_figures(changes[coins, (minutes - first + portion[:, np.newaxis]) % length]) for portion in portions]
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
    rising = np.sort(drawn, axis=1)  # NaN comes last
    known = (~np.isnan(rising)).sum(axis=1)
    rising, known = rising[known > 0], known[known > 0]
    rows = np.arange(known.size)
    medians = (rising[rows, (known - 1) // 2] + rising[rows, known // 2]) / 2
    return np.nansum(rising, axis=1) / known, medians, np.nansum(np.abs(rising), axis=1) / known
