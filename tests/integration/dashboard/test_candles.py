"""Candles of every interval, made by MongoDB, against the same made by Polars."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient

from tests.integration.dashboard.conftest import Stored
from tests.integration.dashboard.tables import GAPS, NOW, START

pytestmark = pytest.mark.integration

INTERVALS = {"1m": "1m", "5m": "5m", "15m": "15m", "1h": "1h", "4h": "4h", "1d": "1d"}


def expected(minutes: pl.DataFrame, coin: str, every: str) -> pl.DataFrame:
    return (
        minutes.filter(pl.col("symbol") == coin)
        .sort("open_time")
        .group_by_dynamic("open_time", every=every)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
            pl.len().cast(pl.Int64).alias("minutes"),
            pl.col("filled").sum().cast(pl.Int64),
        )
        .select(pl.col("open_time").dt.epoch("ms").alias("time"), pl.exclude("open_time"))
    )


def all_bars(page: TestClient, coin: str, interval: str, limit: int) -> pl.DataFrame:
    """Every bar, page by page from the newest back."""
    frames: list[pl.DataFrame] = []
    until: str | None = None
    while True:
        parameters: dict[str, Any] = {"coin": coin, "interval": interval, "limit": limit}
        answer = page.get("/api/candles", params=parameters | ({"until": until} if until else {}))
        assert answer.status_code == 200, answer.text
        frames.insert(0, pl.DataFrame(answer.json()["bars"]))
        until = answer.json()["older"]
        if until is None:
            return pl.concat(frames, how="vertical_relaxed")


@pytest.mark.parametrize("interval", INTERVALS)
def test_bars_are_those_of_another_library(page: TestClient, stored: Stored, interval: str) -> None:
    limit = 5_000 if interval == "1m" else 37
    found = all_bars(page, "BTC", interval, limit)
    wanted = expected(stored.tables.candles, "BTC", INTERVALS[interval])
    assert found.select(pl.exclude("volume")).equals(wanted.select(pl.exclude("volume")))
    assert (found["volume"] / wanted["volume"] - 1).abs().max() < 1e-9


def test_gaps_stay_gaps(page: TestClient, stored: Stored) -> None:
    bars = all_bars(page, "BTC", "1h", 500)
    times = pl.from_epoch(bars["time"], time_unit="ms").dt.replace_time_zone("UTC").to_list()
    (first, _), (away, back) = GAPS
    assert bars["minutes"][times.index(first.replace(minute=0))] == 40
    absent = {START + timedelta(hours=hour) for hour in range(9 * 24)} - set(times)
    assert absent == {away + timedelta(hours=hour) for hour in range(int((back - away).seconds / 3600))}


def test_now_is_the_close_of_the_newest_candle(page: TestClient) -> None:
    answer = page.get("/api/candles", params={"coin": "ETH", "limit": 1}).json()
    assert answer["now"] == NOW.isoformat().replace("+00:00", "Z")
    assert answer["bars"]["time"] == [int((NOW - timedelta(minutes=1)).timestamp() * 1000)]


def test_a_coin_without_candles_has_none(page: TestClient) -> None:
    answer = page.get("/api/candles", params={"coin": "NOSUCH"})
    assert answer.status_code == 200
    assert answer.json()["bars"]["time"] == [] and answer.json()["older"] is None
