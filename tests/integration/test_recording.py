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
from tests.worlds.oracle import Difference, difference, priced
from tests.worlds.recorded import comparable, recorded

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

    minutes, due = recorded(candles, posts, fresh.settings.streaming.horizons_minutes)
    delay = timedelta(minutes=fresh.settings.streaming.lateness_minutes + 60)
    last_page = minutes.select(pl.col("target_open").max().dt.truncate("1h")).item()
    until: datetime = last_page - delay  # the heartbeats go on to the end of the last candle
    wanted = priced(due, minutes, until)
    assert due.height == 78_946
    assert due.filter("hot").height == 2_352
    for rows in (pipeline.table("post_prices"), pipeline.prices_in_mongo()):
        assert difference(rows.with_columns(comparable()), wanted.with_columns(comparable())) == Difference()
        with_price = rows.filter(pl.col("price").is_not_null())
        hot = with_price.filter("hot")
        assert (with_price.height, round(with_price["price"].sum(), 4)) == (17_879, 862_432_154.7831)
        assert (hot.height, round(hot["price"].sum(), 4)) == (1_268, 55_499_438.3244)
        assert rows.height - with_price.height == 60_301
