"""The card of a post against an own computation from the candles and the observations."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient

from tests.integration.dashboard.conftest import Stored
from tests.integration.dashboard.tables import MINUTE, NOW, START

pytestmark = pytest.mark.integration

Row = dict[str, Any]


def closes(stored: Stored, coin: str) -> dict[datetime, float]:
    """By the time at which the minute closed."""
    rows = stored.tables.candles.filter(pl.col("symbol") == coin).select("open_time", "close")
    return {opened + MINUTE: close for opened, close in rows.iter_rows()}


def card_of(page: TestClient, post: Row) -> Row:
    answer = page.get("/api/posts/card", params={"id": post["_id"]})
    assert answer.status_code == 200, answer.text
    found: Row = answer.json()
    return found


def some_posts(stored: Stored) -> list[Row]:
    """Old enough for a week of candles before them; one that is hot, one whose horizons are not all over, any."""
    late = sorted((post for post in stored.tables.posts if post["currencies"]), key=lambda post: post["published_at"])
    old = [post for post in late if post["published_at"] > START + timedelta(days=7, hours=5)]
    hot = next(post for post in old if post["hot_at"])
    return [old[0], hot, next(post for post in old if post["published_at"] > NOW - timedelta(hours=3))]


def at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def test_clocks(page: TestClient, stored: Stored) -> None:
    for post in some_posts(stored):
        clocks = card_of(page, post)["clocks"]
        names = {"published_at": "published_at", "created_at": "created_at", "first_seen_at": "first_seen_at"}
        for shown, held in (names | {"first_hot_at": "hot_at"}).items():
            found, wanted = at(clocks[shown]), post[held]
            assert (found is None) == (wanted is None)
            assert wanted is None or abs(found - wanted) < timedelta(milliseconds=1)  # type: ignore[operator]


def test_votes_over_time_are_all_observations(page: TestClient, stored: Stored) -> None:
    for post in some_posts(stored):
        rows = stored.tables.observations.filter(
            (pl.col("post_id") == post["post_id"]) & (pl.col("source") == post["source"])
        ).sort("seen_at")
        history = card_of(page, post)["history"]
        assert history["time"] == rows["seen_at"].dt.epoch("ms").to_list()
        assert history["hot"] == rows["hot"].to_list()
        assert history["positive"] == rows["votes"].struct.field("positive").to_list()


def test_wakes_with_what_is_usual(page: TestClient, stored: Stored) -> None:
    seen: set[str] = set()
    for post in some_posts(stored):
        minute = post["published_at"].replace(second=0, microsecond=0)
        for wake in card_of(page, post)["wakes"]:
            prices = closes(stored, wake["coin"])
            for horizon in wake["horizons"]:
                target = minute + horizon["minutes"] * MINUTE
                assert at(horizon["target_time"]) == target
                seen.add(horizon["state"])
                if target > NOW:
                    assert (horizon["state"], horizon["price"], horizon["change"]) == ("open", None, None)
                    assert horizon["words"].startswith("still open")
                    continue
                wanted = prices[target] / prices[minute] - 1 if target in prices and minute in prices else None
                assert horizon["price"] == prices.get(target)
                assert (horizon["state"] == "missing") == (target not in prices)
                assert horizon["change"] == (None if wanted is None else pytest.approx(wanted))
                moves = usual(prices, minute, horizon["minutes"])
                assert horizon["usual_count"] == len(moves)
                assert horizon["usual"] == (pytest.approx(median(moves)) if moves else None)
    assert {"open", "exact"} <= seen


def usual(prices: dict[datetime, float], minute: datetime, horizon: int) -> list[float]:
    """|return| over every stretch of so many minutes that lies in the 7 days before."""
    starts = (minute - timedelta(days=7) + n * MINUTE for n in range(7 * 1440 - horizon + 1))
    return [
        abs(prices[start + horizon * MINUTE] / prices[start] - 1)
        for start in starts
        if start in prices and start + horizon * MINUTE in prices
    ]


def test_what_a_reader_could_still_have_had(page: TestClient, stored: Stored) -> None:
    for post in some_posts(stored):
        seen = post["first_seen_at"]
        minute = post["published_at"].replace(second=0, microsecond=0)
        for wake in card_of(page, post)["wakes"]:
            prices = closes(stored, wake["coin"])
            since = wake["since_seen"]
            if not wake["followed"]:
                assert since["entry_price"] is None and since["change"] is None
                continue
            entry = min(time for time in prices if time >= seen)
            assert at(since["entry_time"]) == entry and since["entry_price"] == prices[entry]
            assert since["change"] == pytest.approx(prices[NOW] / prices[entry] - 1)
            for horizon in wake["horizons"]:
                target = minute + horizon["minutes"] * MINUTE
                wanted = prices[target] / prices[entry] - 1 if entry <= target and target in prices else None
                assert horizon["change_since_seen"] == (None if wanted is None else pytest.approx(wanted))


def test_the_plot_is_from_half_an_hour_before_to_four_hours_after(page: TestClient, stored: Stored) -> None:
    for post in some_posts(stored):
        minute = post["published_at"].replace(second=0, microsecond=0)
        for wake in card_of(page, post)["wakes"]:
            prices = closes(stored, wake["coin"])
            first, last = minute - timedelta(minutes=30), minute + timedelta(hours=4)
            wanted = {int(time.timestamp() * 1000): close for time, close in prices.items() if first <= time <= last}
            assert dict(zip(wake["window"]["time"], wake["window"]["close"], strict=True)) == wanted


def test_a_coin_without_candles_is_missing_in_words(page: TestClient) -> None:
    post = page.get("/api/posts", params={"source": "hostile"}).json()["posts"][0]
    wakes = page.get("/api/posts/card", params={"id": post["id"]}).json()["wakes"]
    (nothing,) = [wake for wake in wakes if wake["coin"] == "NOSUCH"]
    assert not nothing["followed"]
    assert {horizon["state"] for horizon in nothing["horizons"]} == {"missing", "open"}
    assert all("missing" in one["words"] for one in nothing["horizons"] if one["state"] == "missing")


def test_a_post_that_is_not_there(page: TestClient) -> None:
    answer = page.get("/api/posts/card", params={"id": "rss:nothing"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
