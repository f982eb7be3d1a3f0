"""What the page says when there is nothing, when the database is away, and when it is back."""

from __future__ import annotations

import re
import time

import pytest
from pydantic import SecretStr
from pymongo import MongoClient
from starlette.testclient import WebSocketTestSession

from newswake.home import LIVE as LIVE_HOME
from newswake.home import SIMULATED, mark_home
from newswake.settings import Settings
from scripts.supervision import wait_until
from tests.integration.dashboard.conftest import LIVE, serving
from tests.integration.dashboard.relay import Relay
from tests.integration.dashboard.tables import NOW, candle_document, make_tables

pytestmark = pytest.mark.integration

READS = (
    "/api/session", "/api/coins", "/api/candles?coin=BTC", "/api/markers?coin=BTC", "/api/posts",
    "/api/posts?sort=votes", "/api/posts?sort=move", "/api/sources", "/api/statistics?coin=BTC",
    "/api/gauge?coin=BTC", "/api/gauges", "/api/wakes", "/api/moves", "/api/health", "/api/followed",
    "/api/portfolio", "/api/alerts", "/api/alerts/log", "/api/export/candles?coin=BTC", "/api/export/posts",
    "/api/export/statistics?coin=BTC", "/api/export/gauge?coin=BTC", "/api/export/wakes", "/api/export/moves",
    "/api/export/portfolio",
)  # fmt: skip


def test_nothing_stored_is_no_failure(empty: Settings) -> None:
    with serving(empty) as page:
        for path in READS:
            answer = page.get(path)
            assert answer.status_code == 200, (path, answer.text)
        assert page.get("/api/candles?coin=BTC").json()["now"] is None
        assert "no candles yet" in page.get("/api/health").json()["banners"][0]["sentence"]


def test_no_coin_followed_is_no_failure(empty: Settings) -> None:
    with MongoClient[dict[str, object]](empty.mongo.uri.get_secret_value()) as client, serving(empty) as page:
        database = client[empty.mongo.database]
        database["followed_coins"].insert_one({"_id": "BTC", "status": "removed", "position": 0, "wished_at": NOW})
        candle = next(make_tables((0,)).candles.iter_rows(named=True))
        database["candles"].insert_one(candle_document(candle))
        for path in READS:
            answer = page.get(path)
            assert answer.status_code == 200, (path, answer.text)


@pytest.mark.parametrize(("kind", "kinds"), [(SIMULATED, {"simulated", "old"}), (LIVE_HOME, {"old"})])
def test_simulated_and_old_data_say_so(empty: Settings, kind: str, kinds: set[str]) -> None:
    mark_home(empty.home, kind)
    with MongoClient[dict[str, object]](empty.mongo.uri.get_secret_value()) as client, serving(empty) as page:
        candle = next(make_tables((0,)).candles.iter_rows(named=True))
        client[empty.mongo.database]["candles"].insert_one(candle_document(candle))
        session = page.get("/api/session").json()
        assert session["source"] == kind
        shown = {banner["kind"] for banner in session["banners"]} - {"unhealthy"}
        # The simulator's clock is not told here, so the newest candle is the data's time.
        assert shown == kinds - ({"old"} if kind == SIMULATED else set())


def test_the_database_goes_away_and_comes_back(empty: Settings) -> None:
    uri = empty.mongo.uri.get_secret_value()
    port = int(re.findall(r":(\d+)/", uri)[-1])
    with Relay(port) as relay:
        through = SecretStr(uri.replace(f":{port}/", f":{relay.port}/"))
        settings = empty.model_copy(update={"mongo": empty.mongo.model_copy(update={"uri": through})})
        with serving(settings) as page, page.websocket_connect(LIVE) as socket:
            socket.send_json({"op": "subscribe", "topics": ["posts"]})
            assert page.get("/api/posts").status_code == 200
            relay.cut()
            assert until_database(socket) == "away"
            refused = page.get("/api/posts")
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "database_away")
            assert refused.headers["retry-after"]
            session = page.get("/api/session").json()
            assert session["database"] == "away" and session["token"]
            assert "database_away" in {banner["kind"] for banner in session["banners"]}
            assert page.get("/api/health").json()["database"] == "away"
            relay.mend()
            assert until_database(socket) == "up"
            assert wait_until(lambda: page.get("/api/posts").status_code == 200, 30.0, step_seconds=0.2)
            with MongoClient[dict[str, object]](uri) as client:
                client[empty.mongo.database]["posts"].insert_one(make_tables((0,)).posts[0])
            began = time.monotonic()
            while socket.receive_json()["type"] != "post":
                assert time.monotonic() - began < 60


def until_database(socket: WebSocketTestSession) -> str:
    while True:
        message = socket.receive_json()
        if message["type"] == "database":
            return str(message["state"])
