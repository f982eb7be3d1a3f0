"""The recorded month, replayed through the broker into both sinks: exactly the rows that it holds."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import ROOT, Fresh
from tests.integration.pipeline import Pipeline
from tests.worlds.oracle import KEY, TIME, Difference, difference, priced, with_targets
from tests.worlds.world import SOURCE

pytestmark = [pytest.mark.spark, pytest.mark.integration]


def test_the_recorded_month_comes_out_to_the_row(fresh: Fresh, pipeline: Pipeline, shared_data: Path) -> None:
    candles, posts = (shared_data / "recorded" / f"{name}_2025-01.parquet" for name in ("candles", "posts"))
    subprocess.run(
        [sys.executable, "-m", "producers", "replay", "--candles", candles, "--posts", posts, "--speed", "max"],
        cwd=ROOT,
        env={**os.environ, **fresh.environ},
        check=True,
    )
    pipeline.once(lateness_minutes=fresh.settings.streaming.lateness_minutes)
    assert pipeline.table("posts").height == pipeline.database["posts"].count_documents({}) == 4_421
    assert pipeline.table("candles").height == pipeline.database["candles"].count_documents({}) == 150_180
    assert pipeline.table("candles").n_unique(["symbol", "open_time"]) == 150_180

    minutes, due = recorded(candles, posts, fresh)
    delay = timedelta(minutes=fresh.settings.streaming.lateness_minutes + 60)
    last_page = minutes.select(pl.col("target_open").max().dt.truncate("1h")).item()
    until: datetime = last_page - delay  # the heartbeats go on to the end of the last candle
    wanted = priced(due, minutes, until)
    assert due.height == 78_946
    assert due.filter("hot").height == 2_352
    for rows in (pipeline.table("post_prices"), pipeline.prices_in_mongo()):
        assert difference(rows.with_columns(wanted_columns()), wanted.with_columns(wanted_columns())) == Difference()
        with_price = rows.filter(pl.col("price").is_not_null())
        hot = with_price.filter("hot")
        assert (with_price.height, round(with_price["price"].sum(), 4)) == (17_879, 862_432_154.7831)
        assert (hot.height, round(hot["price"].sum(), 4)) == (1_268, 55_499_438.3244)
        assert rows.height - with_price.height == 60_301


def wanted_columns() -> list[pl.Expr]:
    """The recording does not say when a post was seen; what the replay says of it is tested with the replay."""
    return [pl.lit(None, TIME).alias("seen_at"), pl.col("published_at", "target_time").cast(TIME)]


def recorded(candles: Path, posts: Path, fresh: Fresh) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The minutes and the due rows, from the files themselves."""
    minutes = pl.read_parquet(candles).select(
        pl.col("symbol").str.strip_suffix("USDT"),
        pl.col("open_time").cast(TIME).alias("target_open"),
        pl.col("close").alias("price"),
        pl.lit(False).alias("filled"),
    )
    horizons = pl.DataFrame(
        {"horizon_minutes": fresh.settings.streaming.horizons_minutes}, {"horizon_minutes": pl.Int32}
    )
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
