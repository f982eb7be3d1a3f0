"""Documents that are no rows of ours, whoever wrote them: they are left out, and end nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from dashboard.alerts import engine as of_engine
from dashboard.alerts.engine import Engine
from newswake.followed import add
from newswake.settings import Settings
from tests.integration.dashboard.conftest import serving
from tests.integration.dashboard.tables import MINUTE, NOW, Tables, candle_document, make_tables
from tests.integration.dashboard.test_live import followed_by_the_server, listening, until

pytestmark = pytest.mark.integration

Row = dict[str, Any]


@pytest.fixture
def database(empty: Settings) -> Iterator[Database[Row]]:
    with MongoClient[Row](empty.mongo.uri.get_secret_value(), tz_aware=True) as client:
        yield client[empty.mongo.database]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return make_tables((0, 1, 60))


def misfits(post: Row) -> list[Row]:
    """Documents that no Post can be made of, each for another reason."""
    wrong: list[Row] = [
        {"published_at": "2024"}, {"title": 7}, {"currencies": 5}, {"currencies": [1, None]}, {"votes": "many"},
        {"votes": {"positive": "x"}}, {"hot_at": "soon"}, {"url": 5}, {"source": None},
    ]  # fmt: skip
    made = [{**post, **change, "_id": f"rss:misfit{at}"} for at, change in enumerate(wrong)]
    return [*made, {"_id": "rss:empty"}, {**post, "_id": 5}]


@pytest.mark.parametrize(
    "query", ["sort=time", "sort=time&limit=3", "sort=votes", "sort=move&from=2009-01-01T00:00:00Z"]
)
def test_the_list_shows_the_posts_beside_them(
    empty: Settings, tables: Tables, database: Database[Row], query: str
) -> None:
    good = tables.posts[0]
    database["posts"].insert_many([*misfits(good), good])
    with serving(empty) as page:
        found, cursor = [], ""
        while cursor is not None:
            answer = page.get(f"/api/posts?{query}" + (f"&cursor={cursor}" if cursor else ""))
            assert answer.status_code == 200, answer.text
            found += [post["id"] for post in answer.json()["posts"]]
            cursor = answer.json()["next"]
        assert found == [good["_id"]]
        assert page.get("/api/posts/card", params={"id": "rss:misfit1"}).status_code == 404


def test_the_live_loops_go_on(empty: Settings, database: Database[Row], tables: Tables) -> None:
    good = tables.posts[0]
    rows = [row for row in tables.candles.tail(60).iter_rows(named=True) if row["symbol"] == "BTC"]
    candles = [candle_document(next(row for row in rows if row["open_time"] == NOW - at * MINUTE)) for at in (3, 2)]
    broken: list[Row] = [{"symbol": None}, {"open_time": "soon"}, {"close": "x"}]
    with serving(empty) as page:
        followed_by_the_server(page, database)
        with listening(page, "candles:BTC:1m", "posts", "coins", f"post_prices:{good['_id']}") as socket:
            database["posts"].insert_many(misfits(good))
            database["post_prices"].insert_one({"_id": "odd", "post_id": 5})
            database["candles"].insert_many(
                [{**candles[0], **change, "_id": f"odd{at}"} for at, change in enumerate(broken)]
            )
            until(socket, lambda message: message["type"] == "resync")  # the candle without a price
            database["candles"].delete_many({"_id": {"$regex": "^odd"}})
            database["candles"].insert_one(candles[1])
            bar = until(socket, lambda message: message["type"] == "candle")
            assert bar["bar"]["close"] == candles[1]["close"]
            database["posts"].insert_one(good)
            assert until(socket, lambda message: message["type"] == "post")["post"]["id"] == good["_id"]


def test_the_alerts_go_on(empty: Settings, database: Database[Row], tables: Tables) -> None:
    row = next(row for row in tables.candles.iter_rows(named=True) if row["symbol"] == "BTC")
    now = row["open_time"] + MINUTE
    good = {**tables.posts[0], "currencies": ["BTC"], "published_at": now - MINUTE, "hot_at": now}
    add(database, "BTC")
    database["followed_coins"].update_one({"_id": "BTC"}, {"$set": {"status": "following"}})
    database["candles"].insert_one(candle_document(row))
    database["posts"].insert_many([{**post, "hot_at": now} for post in misfits(good)] + [good])
    Engine(database, empty).look()
    assert f"hot_post:{good['_id']}" in {entry["key"] for entry in database["alert_log"].find()}


def test_the_thread_of_the_alerts_survives_what_nobody_foresaw(
    empty: Settings, database: Database[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    third = threading.Event()

    def look(engine: Engine) -> None:
        looks.append(1)
        if len(looks) == 3:
            third.set()
        raise KeyError("published_at")

    monkeypatch.setattr(Engine, "look", look)
    monkeypatch.setattr(of_engine, "LOOK_SECONDS", 0.001)
    engine = Engine(database, empty)
    engine.start()
    try:
        assert third.wait(20)
    finally:
        engine.close(5)


def test_the_page_begins_without_a_state_that_cannot_be_told(empty: Settings, database: Database[Row]) -> None:
    database["query_progress"].insert_one({"_id": "odd", "name": 5})
    with serving(empty) as page:
        session = page.get("/api/session").json()
        assert session["token"] and session["database"] == "up"
        assert "unhealthy" in {banner["kind"] for banner in session["banners"]}
        assert page.get("/api/health").json()["level"] == "down"
