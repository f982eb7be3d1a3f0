"""Statistics, gauge, marks and tickers against own computations; `analysis` has tests of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median
from typing import Any

import numpy as np
import polars as pl
import pytest
from deltalake import write_deltalake
from fastapi.testclient import TestClient
from pymongo import MongoClient

from newswake.settings import Settings
from tests.integration.dashboard.conftest import Stored, serving
from tests.integration.dashboard.tables import COINS, MINUTE, NOW, START, candle_document

pytestmark = pytest.mark.integration

DAY = timedelta(days=1)
SHORT = (NOW - timedelta(hours=20), NOW - timedelta(hours=2))
LONG = (START, NOW)  # more minutes than are read from MongoDB


def asked(page: TestClient, path: str, period: tuple[datetime, datetime], **more: object) -> Any:
    parameters = {"from": period[0].isoformat(), "to": period[1].isoformat(), **more}
    answer = page.get(path, params=parameters)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


def within(frame: pl.DataFrame, column: str, period: tuple[datetime, datetime]) -> pl.DataFrame:
    return frame.filter(pl.col(column).is_between(*period, closed="left"))


@pytest.mark.parametrize("period", [SHORT, LONG], ids=["MongoDB", "lake"])
def test_describe_is_that_of_numpy(page: TestClient, stored: Stored, period: tuple[datetime, datetime]) -> None:
    found = {row["column"]: row for row in asked(page, "/api/statistics", period, coin="BTC")["candles"]}
    candles = within(stored.tables.candles, "open_time", period).filter(pl.col("symbol") == "BTC").sort("open_time")
    for column in ("open", "high", "low", "close", "volume"):
        values = candles[column].to_numpy()
        row = found[column]
        assert row["count"] == values.size
        wanted = [
            values.mean(),
            values.std(ddof=1),
            values.min(),
            *np.quantile(values, [0.25, 0.5, 0.75]),
            values.max(),
        ]
        got = [row[name] for name in ("mean", "std", "min", "q25", "median", "q75", "max")]
        assert got == pytest.approx(wanted, rel=1e-9)
    consecutive = candles["open_time"].diff() == MINUTE
    returns = (candles["close"] / candles["close"].shift(1) - 1).filter(consecutive).to_numpy()
    assert found["return"]["count"] == returns.size
    assert found["return"]["std"] == pytest.approx(returns.std(ddof=1))


def test_correlation_of_the_followed_coins(page: TestClient, stored: Stored) -> None:
    found = asked(page, "/api/statistics", SHORT, coin="BTC")["correlation"]
    assert found["coins"] == list(COINS)
    wide = within(stored.tables.candles, "open_time", SHORT).pivot("symbol", index="open_time", values="close")
    returns = {coin: (wide[coin] / wide[coin].shift(1) - 1).drop_nulls().to_numpy() for coin in COINS}
    wanted = np.corrcoef([returns[coin] for coin in COINS])
    assert np.array(found["values"]) == pytest.approx(wanted, abs=1e-9)


def test_numbers_of_posts(page: TestClient, stored: Stored) -> None:
    found = asked(page, "/api/statistics", SHORT, coin="ETH")["posts"]
    posts = [
        post for post in stored.tables.posts
        if "ETH" in post["currencies"] and SHORT[0] < post["published_at"] <= SHORT[1]
    ]  # fmt: skip
    assert found["posts"] == len(posts) and sum(hour["posts"] for hour in found["by_hour"]) == len(posts)
    assert found["hot"] == sum(1 for post in posts if post["hot_at"])


def test_the_gauge_counts_the_votes_known_at_its_end(page: TestClient, stored: Stored) -> None:
    found = asked(page, "/api/gauge", SHORT, coin="BTC")
    known = stored.tables.observations.filter(
        (pl.col("published_at") > SHORT[0])
        & (pl.col("published_at") <= SHORT[1])
        & (pl.col("seen_at") <= SHORT[1])
        & pl.col("currencies").list.contains("BTC")
        & pl.col("votes").struct.field("positive").is_not_null()
    )
    newest = known.sort("seen_at").group_by("source", "post_id").agg(pl.col("votes").last()).unnest("votes")
    sums = {side: int(newest[side].sum()) for side in ("positive", "negative")}
    assert {side: found["sums"][side] for side in sums} == sums
    assert found["votes"] == sum(sums.values()) > 0
    assert found["line"]["value"][-1] == pytest.approx(found["value"])


def test_without_votes_the_gauge_says_so_and_offers_substitutes(page: TestClient) -> None:
    found = asked(page, "/api/gauge", (NOW - timedelta(hours=3), NOW), coin="NOSUCH")
    assert not found["has_votes"] and found["value"] is None
    assert {one["kind"] for one in found["substitutes"]} == {"title_tone", "outlets"}
    assert all("in place of votes" in one["label"] for one in found["substitutes"])


def test_marks_are_the_posts_and_clusters_hold_them_all(page: TestClient, stored: Stored) -> None:
    posts = [post for post in stored.tables.posts if "BTC" in post["currencies"] and post["published_at"] >= START]
    single = asked(page, "/api/markers", LONG, coin="BTC", horizon=15, limit=500)
    assert {mark["id"] for mark in single["markers"]} == {post["_id"] for post in posts}
    clustered = asked(page, "/api/markers", LONG, coin="BTC", horizon=15, limit=40, interval="1h")
    marks = clustered["markers"]
    assert len(marks) <= 40 and sum(mark["count"] for mark in marks) == len(posts) == clustered["posts"]
    assert [mark["time"] for mark in marks] == sorted(mark["time"] for mark in marks)
    by_id = {mark["id"]: mark["change"] for mark in single["markers"]}
    for mark in marks:
        values = [by_id[id] for id in mark["ids"] if by_id[id] is not None]
        if len(mark["ids"]) == mark["count"]:
            assert mark["change"] == (pytest.approx(median(values)) if values else None)


def test_tickers(page: TestClient, stored: Stored) -> None:
    found = page.get("/api/coins").json()
    assert [row["coin"] for row in found["coins"]] == list(COINS)
    for row in found["coins"]:
        candles = stored.tables.candles.filter(pl.col("symbol") == row["coin"]).sort("open_time")
        closes = dict(zip(candles["open_time"] + MINUTE, candles["close"], strict=True))
        assert row["price"] == closes[NOW]
        assert row["change_1h"] == pytest.approx(closes[NOW] / closes[NOW - timedelta(hours=1)] - 1)
        assert row["change_24h"] == pytest.approx(closes[NOW] / closes[NOW - timedelta(days=1)] - 1)
        volume = within(candles, "open_time", (NOW - timedelta(days=1), NOW))["volume"].sum()
        assert row["volume_24h"] == pytest.approx(volume)
        posts = [
            post for post in stored.tables.posts
            if row["coin"] in post["currencies"] and NOW - timedelta(days=1) < post["published_at"] <= NOW
        ]  # fmt: skip
        assert row["posts_24h"] == len(posts)


def test_wakes_count_hot_posts_and_say_that_they_are_exploratory(page: TestClient, stored: Stored) -> None:
    found = asked(page, "/api/wakes", LONG, coin="BTC")
    hot = {post["_id"] for post in stored.tables.posts if post["hot_at"] and "BTC" in post["currencies"]}
    prices = stored.tables.prices.filter((pl.col("symbol") == "BTC") & pl.col("price").is_not_null())
    for row in found["rows"]:
        at_once, later = (
            {f"{one['source']}:{one['post_id']}": one["price"] for one in prices.filter(
                pl.col("horizon_minutes") == horizon).iter_rows(named=True)}
            for horizon in (0, row["horizon_minutes"])
        )  # fmt: skip
        returns = [later[id] / at_once[id] - 1 for id in sorted(hot & set(at_once) & set(later))]
        assert row["posts"] == len(returns)
        assert row["mean"]["value"] == pytest.approx(np.mean(returns))
        assert row["few"] == (row["stories"] < 10)
        assert row["mean"]["low"] <= row["mean"]["value"] <= row["mean"]["high"]
    assert "xploratory" in found["label"]


def test_moves_have_gainers_losers_and_spikes_with_their_news(page: TestClient, stored: Stored) -> None:
    found = asked(page, "/api/moves", (NOW - timedelta(days=1), NOW))
    shown = {row["coin"] for row in (*found["gainers"], *found["losers"])}
    assert shown <= set(COINS) and {row["coin"] for row in found["leaders"]} == set(COINS)
    posts = {post["_id"]: post for post in stored.tables.posts}
    for spike in found["spikes"]:
        assert abs(spike["score"]) >= found["threshold"]
        time = datetime.fromisoformat(spike["time"])
        for near in (*spike["before"], *spike["after"]):
            assert spike["coin"] in posts[near["id"]]["currencies"]
            assert abs(posts[near["id"]]["published_at"] - time) <= timedelta(minutes=31)


def test_a_delayed_plan_watches_what_it_tells_of_a_day_later(empty: Settings, stored: Stored) -> None:
    """One jump two days before now, without posts; at first nothing was polled."""
    period = (NOW - timedelta(days=2, hours=1), NOW - timedelta(days=2))
    jump = period[0] + 30 * MINUTE
    candles = [candle_document(row) for row in stored.tables.candles.iter_rows(named=True) if row["symbol"] == "XRP"]
    for row in candles:
        if row["open_time"] >= jump:
            row["close"] *= 1.3
    with MongoClient[dict[str, object]](empty.mongo.uri.get_secret_value()) as client, serving(empty) as page:
        database = client[empty.mongo.database]
        database["candles"].insert_many(candles)

        def news() -> str:
            spikes = asked(page, "/api/moves", period, coin="XRP")["spikes"]
            return next(str(one["news"]) for one in spikes if datetime.fromisoformat(one["time"]) == jump + MINUTE)

        assert news() == "not_watching"
        for delay in (timedelta(0), DAY):
            told = [period[0] + 10 * n * MINUTE for n in range(-6, 20)]
            database["source_coverage"].delete_many({})
            database["source_coverage"].insert_many(
                [
                    {"source": "posts.plan", "polled_at": time + delay, "ok": True, "gap_seconds": 600.0,
                     "covered_from": None, "covered_until": time}
                    for time in told
                ]
            )  # fmt: skip
            assert news() == "no_news_seen", delay


def test_wakes_that_were_asked_for_before_follow_the_data(empty: Settings, stored: Stored) -> None:
    with serving(empty) as page:
        assert [row["posts"] for row in asked(page, "/api/wakes", LONG, coin="BTC")["rows"]] == [0] * 6
        for name, frame in (("posts", stored.tables.observations), ("post_prices", stored.tables.prices)):
            write_deltalake(f"{empty.lake_path}/{name}", frame.to_arrow())
        assert all(row["posts"] for row in asked(page, "/api/wakes", LONG, coin="BTC")["rows"])
