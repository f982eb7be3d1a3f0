"""Changes in MongoDB reach the clients through a change stream, and nobody suffers from a client that is slow."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pymongo import MongoClient
from pymongo.database import Database
from starlette.testclient import WebSocketTestSession

from dashboard.context import Context
from dashboard.live.outbox import MOST_WAITING, Outbox
from newswake.settings import Settings
from tests.integration.dashboard.conftest import LIVE, serving
from tests.integration.dashboard.tables import MINUTE, NOW, Tables, candle_document, make_tables, price_document

pytestmark = pytest.mark.integration

Row = dict[str, Any]
WAIT_SECONDS = 30.0


@pytest.fixture(scope="module")
def tables() -> Tables:
    return make_tables((0, 1, 60))


@pytest.fixture
def database(empty: Settings) -> Iterator[Database[Row]]:
    with MongoClient[Row](empty.mongo.uri.get_secret_value(), tz_aware=True) as client:
        yield client[empty.mongo.database]


@contextmanager
def listening(page: TestClient, *topics: str) -> Iterator[WebSocketTestSession]:
    """A client that has the topics, once the change stream is open (the last `resync` says so)."""
    with page.websocket_connect(LIVE) as socket:
        assert socket.receive_json()["type"] == "hello"
        socket.send_json({"op": "subscribe", "topics": list(topics)})
        assert until(socket, lambda message: message["type"] == "subscribed")["topics"] == sorted(topics)
        yield socket


def until(socket: WebSocketTestSession, wanted: Callable[[Row], bool]) -> Row:
    """The first message that is wanted; a test without one ends by its time limit."""
    while True:
        message = json.loads(socket.receive_text())
        if wanted(message):
            return dict(message)


def followed_by_the_server(page: TestClient, database: Database[Row]) -> None:
    """Wait until a change has come through the stream: only then is it known to be open."""
    with listening(page, "followed") as socket:
        done = threading.Event()

        def knock() -> None:
            number = 0
            while not done.is_set():
                number += 1
                database["followed_coins"].replace_one(
                    {"_id": "KNOCK"}, {"status": "removed", "n": number}, upsert=True
                )
                done.wait(0.1)

        knocking = threading.Thread(target=knock)
        knocking.start()
        until(socket, lambda message: message["type"] == "followed")
        done.set()
        knocking.join()


def minute_of_btc(tables: Tables, at: int) -> Row:
    """The `at`-th minute before now."""
    rows = [row for row in tables.candles.tail(60).iter_rows(named=True) if row["symbol"] == "BTC"]
    return candle_document(next(row for row in rows if row["open_time"] == NOW - at * MINUTE))


def test_a_minute_becomes_a_bar_of_each_interval(empty: Settings, database: Database[Row], tables: Tables) -> None:
    database["candles"].insert_one(minute_of_btc(tables, 2))
    with serving(empty) as page:
        followed_by_the_server(page, database)
        with listening(page, "candles:BTC:1m", "candles:BTC:1h", "candles:ETH:1m") as socket:
            new = minute_of_btc(tables, 1)
            database["candles"].insert_one(new)
            found = {}
            while len(found) < 2:
                message = until(socket, lambda message: message["type"] == "candle")
                found[message["topic"]] = message["bar"]
    assert set(found) == {"candles:BTC:1m", "candles:BTC:1h"}
    assert (found["candles:BTC:1m"]["close"], found["candles:BTC:1m"]["minutes"]) == (new["close"], 1)
    hour = found["candles:BTC:1h"]
    assert (hour["close"], hour["minutes"], hour["forming"]) == (new["close"], 2, False)
    assert hour["volume"] == pytest.approx(new["volume"] + minute_of_btc(tables, 2)["volume"])


def test_a_post_is_new_then_changed_then_has_a_return(empty: Settings, database: Database[Row], tables: Tables) -> None:
    post = next(post for post in tables.posts if post["currencies"] == ["BTC"] and post["votes"])
    prices = [price_document(row) for row in tables.prices.iter_rows(named=True) if row["post_id"] == post["post_id"]]
    with serving(empty) as page:
        followed_by_the_server(page, database)
        with listening(page, "posts:1", f"post_prices:{post['_id']}") as socket:
            database["posts"].insert_one(post)
            first = until(socket, lambda message: message["type"] == "post")
            assert (first["new"], first["post"]["id"], first["post"]["largest_move"]) == (True, post["_id"], None)
            changed = {**post, "votes": {**post["votes"], "positive": 4_321}}
            database["posts"].replace_one({"_id": post["_id"]}, changed)
            second = until(socket, lambda message: message["type"] == "post")
            assert (second["new"], second["post"]["votes"]["positive"]) == (False, 4_321)
            database["post_prices"].insert_many(prices)
            third = until(socket, lambda message: message["type"] == "post")
            at_once, later = (next(one["price"] for one in prices if one["horizon_minutes"] == at) for at in (0, 1))
            assert third["post"]["largest_move"] == pytest.approx(abs(later / at_once - 1))
            wakes = until(socket, lambda message: message["type"] == "wakes")
            assert wakes["id"] == post["_id"] and wakes["wakes"][0]["horizons"][1]["price"] == later


def test_history_that_is_written_is_asked_for_again(empty: Settings, database: Database[Row], tables: Tables) -> None:
    with serving(empty) as page:
        followed_by_the_server(page, database)
        with listening(page, "candles:BTC:1m", "posts") as socket:
            database["posts"].insert_many(tables.posts)
            database["candles"].insert_many([candle_document(row) for row in tables.candles.iter_rows(named=True)])
            told: set[str] = set()
            while told != {"candles:BTC:1m", "posts"}:
                told |= set(until(socket, lambda message: message["type"] == "resync")["topics"])


def test_what_is_no_request_is_answered_and_the_connection_goes_on(page: TestClient) -> None:
    with page.websocket_connect(LIVE) as socket:
        for text in ("", "{", '{"op": "subscribe"}', '{"op": "subscribe", "topics": ["candles:BTC:7m"]}', "[1]"):
            socket.send_text(text)
            assert until(socket, lambda message: message["type"] == "error")["sentence"]
        socket.send_bytes(b"\x00")
        assert until(socket, lambda message: message["type"] == "error")["sentence"]
        for horizon in ("0", "007", "100001", "000000001" + "9" * 600, "\u0661"):
            socket.send_json({"op": "subscribe", "topics": [f"posts:{horizon}"]})
            assert "no topic" in until(socket, lambda message: message["type"] == "error")["sentence"]
        socket.send_json({"op": "subscribe", "topics": [f"candles:C{n}:1m" for n in range(64)]})
        assert len(until(socket, lambda message: message["type"] == "subscribed")["topics"]) == 64
        socket.send_json({"op": "subscribe", "topics": ["candles:BTC:1m"]})
        assert "64" in until(socket, lambda message: message["type"] == "error")["sentence"]
        socket.send_json({"op": "unsubscribe", "topics": [f"candles:C{n}:1m" for n in range(63)]})
        assert until(socket, lambda message: message["type"] == "subscribed")["topics"] == ["candles:C63:1m"]


def test_health_comes_by_itself(page: TestClient) -> None:
    with listening(page, "health") as socket:
        assert until(socket, lambda message: message["type"] == "health")["health"]["database"] == "up"


def test_a_slow_client_gets_the_newest_and_is_told_to_ask_again() -> None:
    async def story() -> list[str]:
        outbox = Outbox()
        outbox.topics = {"posts"}
        for number in range(10):
            outbox.put("candle", str(number))
        assert await outbox.take() == "9", "newer replaces older"
        for number in range(MOST_WAITING + 1):
            outbox.put(f"post {number}", "text")
        assert len(outbox) == 1, "what waits is bounded"
        return [await outbox.take()]

    (message,) = asyncio.run(story())
    assert json.loads(message) == {"type": "resync", "topics": ["posts"], "reason": "slow"}


def test_a_client_that_takes_nothing_delays_nobody(empty: Settings, database: Database[Row], tables: Tables) -> None:
    with serving(empty) as page:
        followed_by_the_server(page, database)
        context: Context = page.app.state.context  # type: ignore[attr-defined]
        asleep = Outbox()
        asleep.topics = {"posts"}
        context.hub.join(asleep)
        with listening(page, "posts") as socket:
            for post in tables.posts[:5]:
                database["posts"].insert_one(post)
                assert until(socket, lambda message: message["type"] == "post")["post"]["id"] == post["_id"]
        assert len(asleep) == 5
