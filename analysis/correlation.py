"""How the one-minute returns of coins go together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.returns import one_minute_returns


@dataclass(frozen=True)
class Correlation:
    """Square tables in the order of `symbols`: Pearson's coefficient and the number of minutes that it rests on.

    A coefficient is None where there are fewer than two common minutes, or a coin did not move in them.
    """

    symbols: tuple[str, ...]
    coefficients: tuple[tuple[float | None, ...], ...]
    minutes: tuple[tuple[int, ...], ...]


def correlation(candles: pl.DataFrame) -> Correlation:
    """Correlation of one-minute returns, for each pair over the minutes in which both have one."""
    returns = one_minute_returns(candles).filter(pl.col("value").is_finite())
    symbols = sorted(returns["symbol"].unique().to_list())
    wide = returns.pivot(on="symbol", index="close_time", values="value")
    columns = [wide[symbol].to_numpy() for symbol in symbols]
    upper = {(i, j): _pair(columns[i], columns[j]) for i in range(len(columns)) for j in range(i, len(columns))}
    pairs = [[upper[min(i, j), max(i, j)] for j in range(len(columns))] for i in range(len(columns))]
    return Correlation(
        tuple(symbols),
        tuple(tuple(coefficient for coefficient, _ in row) for row in pairs),
        tuple(tuple(minutes for _, minutes in row) for row in pairs),
    )


def _pair(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float | None, int]:
    common = ~(np.isnan(one) | np.isnan(other))
    minutes = int(common.sum())
    left, right = one[common], other[common]
    if minutes < 2 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return None, minutes
    if one is other:
        return 1.0, minutes
    return float(np.clip(np.corrcoef(left, right)[0, 1], -1, 1)), minutes
