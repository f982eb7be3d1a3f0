"""One-minute returns."""

from __future__ import annotations

import polars as pl

from analysis.frames import minutes_of


def one_minute_returns(candles: pl.DataFrame) -> pl.DataFrame:
    """close / close of the minute before - 1, for every minute whose minute before is there; a gap gives no return.

    Columns: symbol, close_time, value (a fraction), close, volume, `filled` (either of the two minutes was carried
    forward).
    """
    before = pl.col("close", "filled", "open_time").shift(1).over("symbol").name.suffix("_before")
    return (
        minutes_of(candles)
        .with_columns(before)
        .filter(pl.col("open_time") - pl.col("open_time_before") == pl.duration(minutes=1))
        .select(
            "symbol",
            (pl.col("open_time") + pl.duration(minutes=1)).alias("close_time"),
            (pl.col("close") / pl.col("close_before") - 1).alias("value"),
            "close",
            "volume",
            (pl.col("filled").fill_null(False) | pl.col("filled_before").fill_null(False)).alias("filled"),
        )
    )
