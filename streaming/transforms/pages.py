"""Pages of candles, cut at the hours: what the join reads."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


def hour_pages(parsed: DataFrame) -> DataFrame:
    """Parsed messages -> rows: symbol, exchange, hour, first, times, closes, filled, seen_at, position.

    `parsed` has `reason`, `position` and `pages` (parsing/candles.py). Refused messages give no row: they are dropped
    by exploding nothing, not by a filter, which would parse every message again. `hour` is a timestamp, `first` (the
    open time of the first candle) and `seen_at` are epoch milliseconds, `closes` is array<double>.

    A row stays in the state of the join for hours, so it holds no more than it must: `times`, array<bigint> in epoch
    milliseconds, is null where they are all the minutes from `first` on, and `filled`, array<boolean>, where none is.
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
        *_minutes(F.col("part.times"), F.col("part.closes"), F.col("part.filled")),
        F.col("page.seen_at").alias("seen_at"),
        "position",
    )


def pages_of_rows(candles: DataFrame) -> DataFrame:
    """Rows of the `candles` table -> a frame as `hour_pages` gives; `position` is 0, as a table has none."""
    minute = F.struct(F.unix_millis("open_time").alias("time"), "close", "filled")
    return (
        candles.groupBy("symbol", "exchange", "quote", "seen_at", F.date_trunc("hour", "open_time").alias("hour"))
        .agg(F.array_sort(F.collect_list(minute)).alias("minutes"))
        .select(
            "symbol",
            "exchange",
            "hour",
            # No state holds these, and nothing but the table's key says that no minute is there twice: its own times.
            F.element_at("minutes.time", 1).alias("first"),
            F.col("minutes.time").alias("times"),
            F.col("minutes.close").alias("closes"),
            F.col("minutes.filled").alias("filled"),
            F.unix_millis("seen_at").alias("seen_at"),
            F.lit(0).cast("bigint").alias("position"),
        )
    )


def place_in(page: str, open_time: Column) -> Column:
    """The place (from 0) in `closes` of the candle that opens at that time (epoch milliseconds); null: none does.

    `page` is the alias of a frame as `hour_pages` gives it.
    """
    counted = ((open_time - F.col(f"{page}.first")) / MINUTE_MS).cast("int")
    found = F.array_position(f"{page}.times", open_time).cast("int") - 1
    place = F.when(F.col(f"{page}.times").isNull(), counted).otherwise(found)
    return F.when(place.between(0, F.size(f"{page}.closes") - 1), place)


def _minutes(times: Column, closes: Column, filled: Column) -> list[Column]:
    """The candles of one hour of a page that was accepted: their times are whole minutes, and each is a later one."""
    first, last = F.element_at(times, 1), F.element_at(times, -1)
    is_every_minute = last - first == (F.size(times) - 1) * MINUTE_MS
    return [
        first.alias("first"),
        F.when(~is_every_minute, times).alias("times"),
        closes.alias("closes"),
        F.when(F.array_contains(filled, F.lit(True)), filled).alias("filled"),
    ]


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
