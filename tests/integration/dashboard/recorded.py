"""The recorded month as the application stores it: the tables of a replay that was watched from its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from newswake.messages import VOTE_KINDS
from tests.integration.dashboard.tables import MINUTE, Tables, newest
from tests.worlds.oracle import TIME, priced
from tests.worlds.recorded import recorded
from tests.worlds.world import EXCHANGE, QUOTE, SOURCE

START = datetime(2025, 1, 1, tzinfo=UTC)
# The close of the last candle. A recording does not say when a post was seen: it is taken as seen then.
END = datetime(2025, 2, 4, 20, 20, tzinfo=UTC)
# The hour up to which the join has judged what is missing: behind the last page by the lateness and an hour.
CLOCK = END.replace(minute=0) - timedelta(hours=7)
COINS = ("BTC", "ETH", "XRP")


def recorded_tables(folder: Path, horizons: Sequence[int]) -> Tables:
    """Candles and posts of `folder`, and the prices that the join must give."""
    candles, posts = folder / "candles_2025-01.parquet", folder / "posts_2025-01.parquet"
    observations = _observations(pl.read_parquet(posts))
    minutes, due = recorded(candles, posts, horizons)
    seen = due.with_columns(pl.lit(END).cast(TIME).alias("seen_at"))
    prices = priced(seen, minutes, CLOCK).with_columns(pl.lit(None, TIME).alias("repaired_at"))
    return Tables(_candles(pl.read_parquet(candles)), observations, newest(observations.to_dicts()), prices)


def _candles(rows: pl.DataFrame) -> pl.DataFrame:
    open_time = pl.col("open_time").cast(TIME)
    return rows.select(
        pl.col("symbol").str.strip_suffix(QUOTE),
        pl.lit(QUOTE).alias("quote"),
        pl.lit(EXCHANGE).alias("exchange"),
        pl.lit("1m").alias("interval"),
        open_time,
        *("open", "high", "low", "close", "volume"),
        pl.lit(None, pl.Int64).alias("trades"),
        pl.lit(None, pl.Float64).alias("taker_buy_volume"),
        pl.lit(False).alias("filled"),
        (open_time + MINUTE).alias("seen_at"),
    )


def _observations(rows: pl.DataFrame) -> pl.DataFrame:
    kinds = [f"votes_{kind}" for kind in VOTE_KINDS]
    votes = pl.struct(pl.col(name).cast(pl.Int64).alias(kind) for name, kind in zip(kinds, VOTE_KINDS, strict=True))
    codes = pl.col("currencies").list.eval(pl.element().str.strip_chars().str.to_uppercase())
    return rows.select(
        pl.col("post_id").cast(pl.String),
        pl.lit(SOURCE).alias("source"),
        pl.lit("news").alias("kind"),
        "title",
        pl.col("cryptopanic_url").alias("url"),
        pl.lit(None, pl.String).alias("domain"),
        pl.col("published_at").cast(TIME),
        pl.lit(None, TIME).alias("created_at"),
        pl.lit(END).cast(TIME).alias("seen_at"),
        "hot",
        codes.list.unique(maintain_order=True).alias("currencies"),
        pl.when(pl.any_horizontal(pl.col(name).is_not_null() for name in kinds)).then(votes).alias("votes"),
        pl.lit(None, pl.Float64).alias("panic_score"),
    )
