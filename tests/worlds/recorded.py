"""What a recording of candles and posts must give, from its files alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tests.worlds.oracle import KEY, TIME, with_targets
from tests.worlds.world import SOURCE


def comparable() -> list[pl.Expr]:
    """A recording does not say when a post was seen; what a replay or a simulator says of it has tests of its own."""
    return [pl.lit(None, TIME).alias("seen_at"), pl.col("published_at", "target_time").cast(TIME)]


def recorded(candles: Path, posts: Path, horizons_minutes: Sequence[int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The minutes and the due rows, from the files themselves."""
    minutes = pl.read_parquet(candles).select(
        pl.col("symbol").str.strip_suffix("USDT"),
        pl.col("open_time").cast(TIME).alias("target_open"),
        pl.col("close").alias("price"),
        pl.lit(False).alias("filled"),
    )
    horizons = pl.DataFrame({"horizon_minutes": horizons_minutes}, {"horizon_minutes": pl.Int32})
    due = (
        pl.read_parquet(posts)
        .select(
            pl.lit(SOURCE).alias("source"),
            pl.col("post_id").cast(pl.String),
            pl.col("currencies").alias("symbol"),
            "hot",
            pl.col("published_at").cast(TIME),
            pl.lit(None, TIME).alias("seen_at"),
        )
        .explode("symbol")
        .with_columns(pl.col("symbol").str.strip_chars().str.to_uppercase())
        .filter(pl.col("symbol") != "")
        .join(horizons, how="cross")
        .unique(KEY)
    )
    return minutes, with_targets(due)
