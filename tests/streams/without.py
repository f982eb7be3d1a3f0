"""The join with one of its parts taken out, for the tests that show that the part is needed.

Each function changes what `build` finds on Spark's frames, so that the product has no switch for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.classic.dataframe import DataFrame

from streaming.transforms import pages

Part = Callable[[pytest.MonkeyPatch], None]


def shorter_delay(side: str, minutes: int) -> Part:
    """The watermark of `posts` or `candles` lags `minutes` less than it does."""
    original = DataFrame.withWatermark

    def with_watermark(frame: Any, column: str, delay: str) -> Any:
        is_posts = "post_id" in frame.columns
        value, unit = delay.split()
        assert unit == "minutes"
        taken = minutes if is_posts == (side == "posts") else 0
        return original(frame, column, f"{int(value) - taken} {unit}")

    return lambda patch: patch.setattr(DataFrame, "withWatermark", with_watermark)


def event_time_in_the_filter(patch: pytest.MonkeyPatch) -> None:
    """Heartbeats are taken out by a filter that does not name the event-time column."""
    original = DataFrame.where

    def where(frame: Any, condition: Column) -> Any:
        if frame.isStreaming and "horizon_minutes" in frame.columns:
            return original(frame, F.col("post_id").isNotNull())
        return original(frame, condition)

    patch.setattr(DataFrame, "where", where)


def deduplication_before(patch: pytest.MonkeyPatch) -> None:
    """Posts that are seen again go into the join again."""
    patch.setattr(DataFrame, "dropDuplicatesWithinWatermark", lambda frame, keys: frame)


def deduplication_across_times(patch: pytest.MonkeyPatch) -> None:
    """Posts that are seen again are recognised by their time as well: an edited one is another post."""

    def by_hour(frame: Any, keys: list[str]) -> Any:
        return frame.dropDuplicates([*keys, "hour"])

    patch.setattr(DataFrame, "dropDuplicatesWithinWatermark", by_hour)


def deduplication_after(patch: pytest.MonkeyPatch) -> None:
    """A page that is sent again is joined again."""
    original = DataFrame.dropDuplicates

    def keep_all(frame: Any, keys: list[str]) -> Any:
        return frame if frame.isStreaming else original(frame, keys)

    patch.setattr(DataFrame, "dropDuplicates", keep_all)


def outer_side(patch: pytest.MonkeyPatch) -> None:
    """An inner join."""
    original = DataFrame.join

    def inner(frame: Any, other: Any, on: Any = None, how: str | None = None) -> Any:
        return original(frame, other, on=on, how="inner" if frame.isStreaming else how)

    patch.setattr(DataFrame, "join", inner)


def cut_at_the_hours(patch: pytest.MonkeyPatch) -> None:
    """A page stays whole, in its first hour."""

    def whole(page: Column) -> Column:
        first = F.get(page["open_time"], F.lit(0))
        parts = {"times": page["open_time"], "closes": page["close"], "filled": page["filled"]}
        hour = (first - first % pages.HOUR_MS).alias("hour")
        return F.array(F.struct(hour, *(column.alias(name) for name, column in parts.items())))

    patch.setattr(pages, "_cut", whole)


def every_part(largest_horizon: int) -> Part:
    """The simple form that lost and doubled rows: an obvious delay, one deduplication, no use for heartbeats."""

    def apply(patch: pytest.MonkeyPatch) -> None:
        shorter_delay("posts", largest_horizon)(patch)
        event_time_in_the_filter(patch)
        deduplication_after(patch)

    return apply
