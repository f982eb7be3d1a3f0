"""Count, mean, standard deviation, smallest, quartiles and largest, as `describe()` of pandas gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from analysis.frames import CANDLES, taken
from analysis.returns import one_minute_returns

DESCRIBED: Final = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Description:
    """`std` has n - 1 in its denominator (None of fewer than two values); quartiles are interpolated linearly."""

    count: int
    mean: float | None
    std: float | None
    min: float | None
    q25: float | None
    median: float | None
    q75: float | None
    max: float | None


def describe(values: pl.Series) -> Description:
    """What `describe()` of pandas says of `values`, and of Polars with `interpolation="linear"`; nulls do not count."""
    known = values.cast(pl.Float64).drop_nulls()
    if known.is_empty():
        return Description(0, None, None, None, None, None, None, None)
    facts = known.to_frame("value").select(
        pl.col("value").mean().alias("mean"),
        pl.col("value").std().alias("std"),
        pl.col("value").min().alias("min"),
        *(pl.col("value").quantile(share, "linear").alias(f"q{share}") for share in (0.25, 0.5, 0.75)),
        pl.col("value").max().alias("max"),
    )
    return Description(known.len(), *facts.row(0))


def describe_candles(candles: pl.DataFrame) -> dict[str, Description]:
    """Open, high, low, close and volume of one coin's minutes, and `return`, their one-minute returns.

    Raises `ValueError` when there are several coins: their prices have nothing in common.
    """
    minutes = taken(candles, CANDLES)
    symbols = minutes["symbol"].unique().sort().to_list()
    if len(symbols) > 1:
        raise ValueError(f"expected the candles of one coin, was {', '.join(map(str, symbols))}")
    described = {name: describe(minutes[name]) for name in DESCRIBED}
    return {**described, "return": describe(one_minute_returns(minutes)["value"])}
