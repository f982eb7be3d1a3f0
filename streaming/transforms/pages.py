"""Pages of candles, cut at the hours: what the join reads."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

HOUR_MS = 3_600_000


def hour_pages(parsed: DataFrame) -> DataFrame:
    """Parsed messages -> one row a coin and hour: symbol, exchange, hour, times, closes, filled, seen_at, position.

    `parsed` has `reason`, `position` and `pages` (parsing/candles.py). Refused messages give no row: they are dropped
    by exploding nothing, not by a filter, which would parse every message again. `times` is array<bigint> (epoch
    milliseconds), `hour` a timestamp, `seen_at` epoch milliseconds.
    """
    # What is exploded is a column before: computed inside of explode it would be interpreted.
    accepted = parsed.select(F.when(F.col("reason").isNull(), F.col("pages")).alias("pages"), "position")
    pages = accepted.select(F.explode("pages").alias("page"), "position")
    cut = pages.select(_cut(F.col("page")).alias("parts"), "page", "position")
    parts = cut.select(F.explode("parts").alias("part"), "page", "position")
    return parts.select(
        F.col("page.symbol").alias("symbol"),
        F.col("page.exchange").alias("exchange"),
        F.timestamp_millis("part.hour").alias("hour"),
        F.col("part.times").alias("times"),
        F.col("part.closes").alias("closes"),
        F.col("part.filled").alias("filled"),
        F.col("page.seen_at").alias("seen_at"),
        "position",
    )


def pages_of_rows(candles: DataFrame) -> DataFrame:
    """Rows of the `candles` table -> the same frame as `hour_pages` gives; `position` is 0, as a table has none."""
    minute = F.struct(F.unix_millis("open_time").alias("time"), "close", "filled")
    return (
        candles.groupBy("symbol", "exchange", "quote", "seen_at", F.date_trunc("hour", "open_time").alias("hour"))
        .agg(F.array_sort(F.collect_list(minute)).alias("minutes"))
        .select(
            "symbol",
            "exchange",
            "hour",
            F.col("minutes.time").alias("times"),
            F.col("minutes.close").alias("closes"),
            F.col("minutes.filled").alias("filled"),
            F.unix_millis("seen_at").alias("seen_at"),
            F.lit(0).cast("bigint").alias("position"),
        )
    )


def _cut(page: Column) -> Column:
    """One page -> array of its parts, each inside one UTC hour. Nearly every page already is one."""
    times = page["open_time"]
    first, last = _hour(F.array_min(times)), _hour(F.array_max(times))
    whole = F.array(_part(first, times, page["close"], page["filled"]))
    hours = F.array_distinct(F.transform(times, _hour))
    return F.when(first == last, whole).otherwise(F.transform(hours, lambda hour: _only(page, hour)))


def _hour(time: Column) -> Column:
    return time - time % HOUR_MS


def _only(page: Column, hour: Column) -> Column:
    rows = F.arrays_zip(
        page["open_time"].alias("time"),
        page["close"].alias("close"),
        F.coalesce(page["filled"], F.transform(page["open_time"], lambda _: F.lit(None).cast("boolean"))).alias(
            "filled"
        ),
    )
    inside = F.filter(rows, lambda row: _hour(row["time"]) == hour)
    return _part(hour, inside["time"], inside["close"], inside["filled"])


def _part(hour: Column, times: Column, closes: Column, filled: Column) -> Column:
    return F.struct(hour.alias("hour"), times.alias("times"), closes.alias("closes"), filled.alias("filled"))
