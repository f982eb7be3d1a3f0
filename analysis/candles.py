"""Candles of longer intervals, from the minutes."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import polars as pl

from analysis.frames import minutes_of

INTERVALS: Final = MappingProxyType({"1m": 1, "5m": 5, "15m": 15, "1h": 60, "4h": 240, "1d": 1440})


def by_interval(candles: pl.DataFrame, interval: str) -> pl.DataFrame:
    """One row a symbol and interval that has minutes: open of the first, close of the last, highest, lowest, sum.

    Columns: symbol, open_time, open, high, low, close, volume, `minutes` (how many it was made of), `filled_minutes`
    (carried forward without trades), `complete` (no minute is missing). Intervals begin at multiples of their length
    since midnight UTC. An interval without any minute has no row: a gap stays a gap.

    Raises `ValueError` for an interval that is not in `INTERVALS`.
    """
    if interval not in INTERVALS:
        raise ValueError(f"expected one of {', '.join(INTERVALS)}, was {interval}")
    return (
        minutes_of(candles)
        .group_by("symbol", pl.col("open_time").dt.truncate(interval), maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
            pl.len().alias("minutes"),
            pl.col("filled").sum().alias("filled_minutes"),
        )
        .with_columns((pl.col("minutes") == INTERVALS[interval]).alias("complete"))
    )
