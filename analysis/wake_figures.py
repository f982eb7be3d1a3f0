"""The figures of a wake over one horizon: of the posts, of as many stories drawn again, and at random times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.bootstrap import Band, band, resampled
from analysis.frames import Period
from analysis.grid import PriceGrid, grid_of
from analysis.random_times import RandomTimes, moved

FEW: Final = 10
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class WakeAtHorizon:
    """Returns over one horizon, fractions; a horizon below 0 is that many minutes before publication.

    `returns` counts pairs of a post and a coin, of `posts` posts that tell `stories` stories. `separate`: how many
    windows can be chosen so that none overlaps another in time; what overlaps is one move of the market seen more
    than once. `few`: fewer than 10 stories (and so perhaps fewer than 10 posts): not to be read as a result. `size` is
    the mean of |return|: whether prices move at all. All figures are None without returns.
    """

    horizon_minutes: int
    posts: int
    stories: int
    returns: int
    separate: int
    few: bool
    mean: float | None
    mean_band: Band | None
    median: float | None
    median_band: Band | None
    size: float | None
    size_band: Band | None
    random: RandomTimes | None


@dataclass(frozen=True)
class Market:
    """Prices of some coins over a period, for returns at any of its times."""

    symbols: tuple[str, ...]
    grids: tuple[PriceGrid, ...]
    period: Period

    def coins_of(self, symbols: pl.Series) -> Ints:
        """The place of each symbol in `symbols`, all of which are there."""
        return np.searchsorted(np.array(self.symbols), symbols.to_numpy().astype(str)).astype(np.int64)


def market_of(candles: pl.DataFrame, symbols: pl.Series, period: Period) -> Market:
    """The prices of those of `symbols` that have candles."""
    known = sorted(set(symbols.unique()) & set(candles["symbol"].unique()))
    return Market(tuple(known), tuple(grid_of(candles, symbol) for symbol in known), period)


def figures(rows: pl.DataFrame, horizon: int, market: Market | None, draws: int, seed: int) -> WakeAtHorizon:
    """Rows with source, post_id, symbol, published_at, story and `value`, the return over `horizon` or null."""
    known = rows.filter(pl.col("value").is_not_null()).sort("published_at", "source", "post_id", "symbol")
    values = known["value"].to_numpy()
    starts = known["published_at"].dt.epoch("s").to_numpy() // 60 + min(horizon, 0)
    story = (known["story"].rank("dense") - 1).to_numpy().astype(np.int64)
    told = int(story.max()) + 1 if story.size else 0
    samples = resampled(values, story, draws, np.random.default_rng([seed, horizon & 0xFFFF])) if told else None
    return WakeAtHorizon(
        horizon_minutes=horizon,
        posts=known.select(pl.struct("source", "post_id").n_unique()).item(),
        stories=told,
        returns=known.height,
        separate=separate(starts, abs(horizon)),
        few=told < FEW,
        mean=float(values.mean()) if samples else None,
        mean_band=band(samples.means) if samples else None,
        median=float(np.median(values)) if samples else None,
        median_band=band(samples.medians) if samples else None,
        size=float(np.abs(values).mean()) if samples else None,
        size_band=band(samples.sizes) if samples else None,
        random=_at_random(known["symbol"], starts, abs(horizon), market, draws, seed) if market else None,
    )


def returns_before(rows: pl.DataFrame, minutes: int, market: Market) -> pl.DataFrame:
    """Rows with symbol and published_at -> those whose coin has prices, with the return up to publication."""
    covered = rows.filter(pl.col("symbol").is_in(market.symbols))
    coins, ends = market.coins_of(covered["symbol"]), covered["published_at"].dt.epoch("s").to_numpy() // 60
    values = np.full(covered.height, np.nan)
    for place, grid in enumerate(market.grids):
        mine = coins == place
        values[mine] = grid.at(ends[mine]) / grid.at(ends[mine] - minutes) - 1
    return covered.with_columns(pl.Series("value", values, nan_to_null=True))


def _at_random(
    symbols: pl.Series, starts: Ints, length: int, market: Market, draws: int, seed: int
) -> RandomTimes | None:
    covered = symbols.is_in(market.symbols).to_numpy()
    if not covered.any():
        return None
    offsets = np.random.default_rng([seed]).integers(0, 1 << 31, draws)
    coins = market.coins_of(symbols.filter(pl.Series(covered)))
    return moved(market.grids, coins, starts[covered], length, market.period, offsets)


def separate(minutes: Ints, length: int) -> int:
    """The most windows [minute, minute + length) that do not overlap, from rising minutes.

    >>> separate(np.array([0, 30, 60, 61]), 60)
    2
    """
    count, free_from = 0, None
    for minute in minutes.tolist():
        if free_from is None or minute >= free_from:
            count, free_from = count + 1, minute + length
    return count
