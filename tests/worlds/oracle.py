"""What the join must give, computed with Polars from the definitions (design: sections 2 and 5), without Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from tests.worlds.world import EXCHANGE, MINUTE, SOURCE, Beat, Observed, Page, World

KEY = ["source", "post_id", "symbol", "horizon_minutes"]
TIME = pl.Datetime("us", "UTC")
PRICE_COLUMNS = [*KEY, "hot", "published_at", "seen_at", "target_time", "price", "price_status", "exchange"]


def final_watermark(world: World, horizons: Sequence[int], lateness_minutes: int) -> datetime | None:
    """Where the clock stands when all has been read: the slower of both topics, less its delay. None: no clock yet."""
    hour_delay = timedelta(minutes=lateness_minutes + 60)
    largest = timedelta(minutes=max(horizons))
    heard = [item.at + largest for item in world.posts if isinstance(item, Beat)]
    heard += every_due(world, horizons).get_column("hour").to_list()
    pages = [time.replace(minute=0) for page in world.candles for time in page.times]
    if not heard or not pages:
        return None
    return min(max(heard) - hour_delay - largest, max(pages) - hour_delay)


def due(world: World, horizons: Sequence[int]) -> pl.DataFrame:
    """One row a post, coin and horizon, as the first observation that arrived has it; `target_open` and `hour`."""
    return every_due(world, horizons).unique(KEY, keep="first", maintain_order=True)


def every_due(world: World, horizons: Sequence[int]) -> pl.DataFrame:
    """The same of every observation: an edited publication time moves the clock as well."""
    rows = [
        (SOURCE, item.post_id, symbol, horizon, item.hot, item.published_at, item.seen_at)
        for item in world.posts
        if isinstance(item, Observed)
        for symbol in item.currencies
        for horizon in horizons
    ]
    names = [*KEY, "hot", "published_at", "seen_at"]
    types: list[Any] = [pl.String, pl.String, pl.String, pl.Int32, pl.Boolean, TIME, TIME]
    return with_targets(pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row"))


def with_targets(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `target_time`, the open time of the candle that closes then, and the hour of its page."""
    target = pl.col("published_at").dt.truncate("1m") + pl.duration(minutes="horizon_minutes")
    return (
        rows.with_columns(target.alias("target_time"))
        .with_columns((pl.col("target_time") - MINUTE).alias("target_open"))
        .with_columns(pl.col("target_open").dt.truncate("1h").alias("hour"))
    )


def closes(candles: Sequence[Page]) -> pl.DataFrame:
    """The first candle of each coin and minute."""
    rows = [
        (page.symbol, time, close, page.filled[place] if page.filled else False)
        for page in candles
        for place, (time, close) in enumerate(zip(page.times, page.closes, strict=True))
    ]
    schema: dict[str, Any] = {"symbol": pl.String, "target_open": TIME, "price": pl.Float64, "filled": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row").unique(["symbol", "target_open"], keep="first")


def expected(world: World, horizons: Sequence[int], until: datetime | None) -> pl.DataFrame:
    """The rows of `post_prices` when the clock stands at `until`: every price, and `missing` up to and with `until`."""
    return priced(due(world, horizons), closes(world.candles), until)


def priced(rows: pl.DataFrame, minutes: pl.DataFrame, until: datetime | None) -> pl.DataFrame:
    """Due rows with the close of their minute; those without one are `missing` up to and with `until`, else absent."""
    has_price = pl.col("price").is_not_null()
    is_over = pl.lit(False) if until is None else pl.col("hour") <= until
    status = (
        pl.when(~has_price).then(pl.lit("missing")).when("filled").then(pl.lit("filled")).otherwise(pl.lit("exact"))
    )
    return (
        rows.join(minutes, on=["symbol", "target_open"], how="left")
        .filter(has_price | is_over)
        .with_columns(status.alias("price_status"), pl.when(has_price).then(pl.lit(EXCHANGE)).alias("exchange"))
        .select(PRICE_COLUMNS)
    )


@dataclass(frozen=True)
class Difference:
    """How rows differ from the expected ones: not there, there too often or unasked for, with another value."""

    absent: int = 0
    doubled: int = 0
    unasked: int = 0
    wrong: int = 0


def difference(actual: pl.DataFrame, wanted: pl.DataFrame) -> Difference:
    """Compare rows of `post_prices`; a null equals a null."""
    actual, wanted = (frame.select(PRICE_COLUMNS) for frame in (actual, wanted))
    once = actual.unique(KEY, keep="first")
    both = once.join(wanted, on=KEY, suffix="_wanted")
    values = [name for name in PRICE_COLUMNS if name not in KEY]
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_wanted")) for name in values)
    return Difference(
        absent=wanted.join(once, on=KEY, how="anti").height,
        doubled=actual.height - once.height,
        unasked=once.join(wanted, on=KEY, how="anti").height,
        wrong=both.filter(~same).height,
    )
