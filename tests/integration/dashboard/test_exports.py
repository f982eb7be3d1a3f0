"""Files read back by Polars hold what the page shows."""

from __future__ import annotations

import io
from datetime import timedelta

import polars as pl
import pytest
from fastapi.testclient import TestClient

from tests.integration.dashboard.conftest import Stored
from tests.integration.dashboard.tables import NOW

pytestmark = pytest.mark.integration

DAY = {"from": (NOW - timedelta(days=1)).isoformat(), "to": NOW.isoformat()}


def file_of(page: TestClient, what: str, form: str, **parameters: object) -> pl.DataFrame:
    answer = page.get(f"/api/export/{what}", params={**DAY, **parameters, "format": form})  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].endswith(f'.{form}"')
    data = io.BytesIO(answer.content)
    return pl.read_parquet(data) if form == "parquet" else pl.read_csv(data, try_parse_dates=True)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_candles(page: TestClient, stored: Stored, form: str) -> None:
    found = file_of(page, "candles", form, coin="ETH")
    wanted = stored.tables.candles.filter((pl.col("symbol") == "ETH") & (pl.col("open_time") >= NOW - timedelta(1)))
    wanted = wanted.sort("open_time")
    assert found["open_time"].dt.epoch("ms").to_list() == wanted["open_time"].dt.epoch("ms").to_list()
    for column in ("open", "high", "low", "close", "volume"):
        assert found[column].to_list() == wanted[column].to_list()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_posts(page: TestClient, form: str) -> None:
    shown = page.get("/api/posts", params={**DAY, "limit": 200, "source": "cryptopanic"}).json()["posts"]
    found = file_of(page, "posts", form, source="cryptopanic")
    assert found["id"].to_list() == [post["id"] for post in shown]
    assert found["title"].to_list() == [post["title"] for post in shown]
    assert found["largest_move"].to_list() == [post["largest_move"] for post in shown]
    known = [post["votes"] and post["votes"]["positive"] for post in shown]
    assert found["votes_positive"].to_list() == known


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("what", "parameters"),
    [
        *(("statistics", {"coin": "BTC", "part": part}) for part in ("describe", "histogram", "correlation", "hours")),
        ("gauge", {"coin": "BTC"}),
        ("wakes", {}),
        ("moves", {"part": "movers"}),
    ],
)
def test_every_table_of_figures(page: TestClient, what: str, parameters: dict[str, str], form: str) -> None:
    found = file_of(page, what, form, **parameters)
    assert found.height > 0 and found.width > 1


def test_describe_in_a_file_is_that_of_the_page(page: TestClient) -> None:
    shown = page.get("/api/statistics", params={**DAY, "coin": "BTC"}).json()["candles"]
    found = file_of(page, "statistics", "parquet", coin="BTC")
    assert found.select(pl.exclude("coin")).to_dicts() == shown


def test_a_file_is_bounded(page: TestClient) -> None:
    year = {"from": (NOW - timedelta(days=300)).isoformat(), "to": NOW.isoformat()}
    answer = page.get("/api/export/candles", params={**year, "coin": "BTC"})
    assert answer.status_code == 422 and "150000" in answer.json()["error"]["sentence"].replace(",", "")
