"""Minutes in which a coin moved far more than it usually does within a minute."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from analysis.frames import Period
from analysis.returns import one_minute_returns

THRESHOLD: Final = 4.0
HISTORY: Final = timedelta(days=7)
LEAST_RETURNS: Final = 1440
# The standard deviation of a normal distribution over its median absolute deviation, 1 / Phi^-1(3/4).
NORMAL: Final = 1.482602218505602


def scored(candles: pl.DataFrame, period: Period) -> pl.DataFrame:
    """The one-minute returns of the period with their `score`: how many robust standard deviations from the usual.

    Columns: symbol, close_time, value, close, volume, score. score = (return - median) / (1.4826 MAD), where median and
    MAD (median absolute deviation from the median) are those of the coin's returns of the 7 days before the return's
    hour began: nothing of the hour itself or later is in its own yardstick (Iglewicz and Hoaglin, "How to Detect and
    Handle Outliers", 1993; Rousseeuw and Croux, "Alternatives to the Median Absolute Deviation", 1993). `score` is null
    where fewer than a day of returns is known, or more than half of them are equal (MAD 0: a coin that rarely trades).
    Minutes that were carried forward are no returns.
    """
    returns = one_minute_returns(candles).filter(~pl.col("filled")).drop("filled").sort("symbol", "close_time")
    parts = [_with_score(coin, period) for coin in returns.partition_by("symbol")]
    return pl.concat(parts) if parts else returns.with_columns(pl.lit(None, pl.Float64).alias("score"))


def _with_score(returns: pl.DataFrame, period: Period) -> pl.DataFrame:
    """The returns of one coin, by time."""
    values, times = returns["value"].to_numpy(), returns["close_time"].dt.epoch("s").to_numpy()
    judged = returns.with_row_index("place").filter(period.holds("close_time"))
    # The return that closes on the hour is the last of the hour before.
    hours = ((judged["close_time"].dt.epoch("s") - 1) // 3600 * 3600).to_numpy()
    places = judged["place"].to_numpy()
    scores = np.full(places.size, np.nan)
    for hour in np.unique(hours):
        begin, end = np.searchsorted(times, [hour - HISTORY.total_seconds(), hour], side="right")
        if end - begin < LEAST_RETURNS:
            continue
        median = np.median(values[begin:end])
        deviation = NORMAL * np.median(np.abs(values[begin:end] - median))
        if deviation > 0:
            here = hours == hour
            scores[here] = (values[places[here]] - median) / deviation
    return judged.drop("place").with_columns(pl.Series("score", scores, nan_to_null=True))
