"""What `post_prices` must be for a small world, computed with Polars from the definitions, without our code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from tests.spark.small_worlds import World, moment

TIME = pl.Datetime("us", "UTC")
KEY = ["source", "post_id", "symbol", "horizon_minutes"]
COLUMNS = [*KEY, "hot", "published_at", "seen_at", "target_time", "price", "price_status", "exchange"]


def codes(tags: Sequence[str]) -> list[str]:
    found: list[str] = []
    for tag in tags:
        code = tag.strip().upper()
        if code and code not in found:
            found.append(code)
    return found


def observations(world: World) -> pl.DataFrame:
    """One row an observation and coin."""
    rows = [
        ("cryptopanic", post.post_id, code, post.hot, moment(post.published), moment(post.seen), place)
        for place, post in enumerate(world.posts)
        for code in codes(post.tags)
    ]
    names = ["source", "post_id", "symbol", "hot", "published_at", "seen_at", "place"]
    types = [pl.String, pl.String, pl.String, pl.Boolean, TIME, TIME, pl.Int64]
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def first_candles(world: World) -> pl.DataFrame:
    """One row a coin and closing time: the candle that was seen first, and of those the one with the lower offset."""
    rows = [
        (page.symbol, moment(60 * minute + 60), close, minute in (page.filled or ()), page.seen, place)
        for place, page in enumerate(world.candles)
        for minute, close in page.closes.items()
    ]
    names = ["symbol", "closed_at", "price", "filled", "seen", "place"]
    types = [pl.String, TIME, pl.Float64, pl.Boolean, pl.Int64, pl.Int64]
    return (
        pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
        .sort("seen", "place")
        .unique(["symbol", "closed_at"], keep="first", maintain_order=True)
        .select("symbol", "closed_at", "price", "filled", pl.lit("binance").alias("exchange"))
    )


def expected(
    world: World, horizons: Sequence[int], join_posts: str = "all", until: datetime | None = None
) -> pl.DataFrame:
    """The rows of `post_prices`, sorted by key, without `repaired_at`."""
    joined = {
        "all": pl.lit(True),
        "hot": pl.col("hot").fill_null(False),
        "hot_or_unknown": pl.col("hot").fill_null(True),
    }
    minutes = pl.DataFrame({"horizon_minutes": list(horizons)}, schema={"horizon_minutes": pl.Int32})
    due = (
        observations(world)
        .filter(joined[join_posts])
        .sort("seen_at", "place")
        .unique(["source", "post_id", "symbol"], keep="first", maintain_order=True)
        .join(minutes, how="cross")
        .with_columns(
            (pl.col("published_at").dt.truncate("1m") + pl.duration(minutes="horizon_minutes")).alias("target_time")
        )
    )
    rows = due.join(
        first_candles(world), left_on=["symbol", "target_time"], right_on=["symbol", "closed_at"], how="left"
    ).with_columns(
        pl.when(pl.col("price").is_null())
        .then(pl.lit("missing"))
        .when(pl.col("filled"))
        .then(pl.lit("filled"))
        .otherwise(pl.lit("exact"))
        .alias("price_status")
    )
    if until is not None:
        page_hour = (pl.col("target_time") - pl.duration(minutes=1)).dt.truncate("1h")
        rows = rows.filter(pl.col("price").is_not_null() | (page_hour <= until))
    return rows.select(COLUMNS).sort(KEY)
