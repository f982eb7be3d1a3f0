"""The simulator as its askers meet it: ccxt and requests over a socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ccxt
import feedparser
import polars as pl
import pytest
import requests

from newswake.clock import ManualClock, RemoteClock, from_ms, to_ms
from newswake.errors import RecordingError, ServiceError
from newswake.settings import Settings
from producers.generator.month import Month, make_month
from producers.recordings.folder import open_folder
from producers.simulator.command import keep, prepare
from producers.simulator.recorded import recorded_world
from producers.simulator.server import Server, Simulator
from producers.simulator.timeline import Timeline
from producers.simulator.world import World

START = datetime(2025, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=1, hours=12, minutes=30, seconds=20)
POSTS = "/api/developer/v2/posts/"


@pytest.fixture(scope="module")
def month() -> Month:
    return make_month(11, START, days=3, posts_per_day=200)


@pytest.fixture(scope="module")
def world(month: Month, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("recording")
    month.write(folder)
    return recorded_world(open_folder(folder), 1, "binance", "USDT")


class Stand:
    """A served world whose clock a test moves."""

    def __init__(self, server: Server, real: ManualClock, began: datetime) -> None:
        self.server = server
        self._real = real
        self._began = began
        self.seconds = 0.0
        self.session = requests.Session()

    def go_to(self, moment: datetime) -> None:
        self.seconds = (moment - self._began).total_seconds()

    def get(self, path: str, **query: str) -> requests.Response:
        return self.session.get(self.server.url + path, params=query, timeout=5)

    def posts(self, **query: str) -> list[dict[str, Any]]:
        """All pages, by following `next`."""
        found, url = [], f"{self.server.url}{POSTS}"
        params: dict[str, str] | None = {"auth_token": "secret", **query}
        while url:
            body = self.session.get(url, params=params, timeout=5).json()
            assert len(body["results"]) <= 20
            found += body["results"]
            url, params = body["next"], None
        return found


@pytest.fixture
def stand(world: World) -> Iterator[Stand]:
    real = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    stands: list[Stand] = []
    timeline = Timeline(to_ms(START), 1.0, world.end, real, lambda: stands[0].seconds if stands else 0.0)
    with Server(Simulator(world, timeline), 0) as server:
        stands.append(Stand(server, real, START))
        stands[0].go_to(NOW)
        yield stands[0]


def exchange(stand: Stand) -> Any:
    return ccxt.binance(
        {
            "options": {"fetchMarkets": {"types": ["spot"]}},
            "urls": {"api": {"public": f"{stand.server.url}/api/v3"}},
            "enableRateLimit": False,
        }
    )


def test_ccxt_reads_the_market(stand: Stand, month: Month) -> None:
    binance = exchange(stand)
    assert set(binance.load_markets()) == {"BTC/USDT", "ETH/USDT", "XRP/USDT"}
    assert binance.market("BTC/USDT")["spot"] and binance.market("BTC/USDT")["active"]
    since = NOW.replace(second=0) - timedelta(hours=30)
    rows = binance.fetch_ohlcv("BTC/USDT", "1m", since=to_ms(since), limit=1000)
    recorded = month.candles.filter(pl.col("symbol") == "BTCUSDT", pl.col("open_time") >= since).head(1000)
    columns = (pl.col("open_time").dt.epoch("ms"), "open", "high", "low", "close", "volume")
    assert [tuple(row) for row in rows] == recorded.select(*columns).rows()


def test_the_last_row_is_the_minute_still_open(stand: Stand, month: Month) -> None:
    rows = exchange(stand).fetch_ohlcv("XRP/USDT", "1m", limit=5)
    assert rows[-1][0] == to_ms(NOW.replace(second=0))
    final = month.candles.row(
        by_predicate=(pl.col("symbol") == "XRPUSDT") & (pl.col("open_time") == NOW.replace(second=0)), named=True
    )
    assert rows[-1][5] == pytest.approx(final["volume"] / 3, rel=1e-3)
    stand.go_to(NOW.replace(second=0) + timedelta(minutes=1))
    rows = exchange(stand).fetch_ohlcv("XRP/USDT", "1m", limit=5)
    assert rows[-2][4:] == [final["close"], final["volume"]]


def test_an_outage_stays_one_and_limits_count_rows(stand: Stand, month: Month) -> None:
    of_pair = month.candles.partition_by("symbol", as_dict=True)
    gaps = {
        str(name[0]): (rows["open_time"].diff() > timedelta(minutes=1)).arg_true() for name, rows in of_pair.items()
    }
    symbol = next(symbol for symbol, found in gaps.items() if len(found))
    times, place = of_pair[symbol,]["open_time"], int(gaps[symbol][0])
    stand.go_to(START + timedelta(days=3))
    before = to_ms(times[place - 3])
    rows = stand.get("/api/v3/klines", symbol=symbol, interval="1m", startTime=str(before), limit="10").json()
    assert [row[0] for row in rows] == [to_ms(time) for time in times[place - 3 : place + 7]]
    assert len(rows[0]) == 12 and isinstance(rows[0][1], str) and isinstance(rows[0][8], int)
    assert rows[0][6] == rows[0][0] + 59_999


def test_wrong_questions_get_the_exchanges_answers(stand: Stand) -> None:
    assert stand.get("/api/v3/klines", symbol="NOPE", interval="1m").json()["code"] == -1121
    assert stand.get("/api/v3/klines", symbol="BTCUSDT", interval="3h").status_code == 400
    assert stand.get("/api/v3/klines", symbol="BTCUSDT", interval="1m", startTime="x").status_code == 400
    assert stand.get("/api/v3/depth").status_code == 404
    assert stand.get(POSTS).status_code == 401
    assert len(stand.get("/api/v3/klines", symbol="BTCUSDT", interval="1m", limit="5000").json()) == 1000


def test_posts_come_newest_first_and_only_when_they_have_arrived(stand: Stand, month: Month) -> None:
    listed = stand.posts()
    times = [post["published_at"] for post in listed]
    assert times == sorted(times, reverse=True) and len({post["id"] for post in listed}) == len(listed)
    assert all(datetime.fromisoformat(post["created_at"]) <= NOW for post in listed)
    published = month.posts.filter(pl.col("published_at") <= NOW)
    assert 0.5 * len(published) < len(listed) < len(published), "some are still on their way"
    stand.go_to(NOW + timedelta(hours=5))
    assert {post["id"] for post in listed} < {post["id"] for post in stand.posts()}


def test_pages_carry_the_question_on(stand: Stand) -> None:
    body = stand.get(POSTS, auth_token="secret", currencies="btc,ETH").json()
    assert body["previous"] is None and body["next"].startswith(stand.server.url)
    assert "auth_token=secret" in body["next"] and "page=2" in body["next"]
    assert all({"BTC", "ETH"} & {tag["code"].strip() for tag in post["instruments"]} for post in body["results"])
    assert stand.get(POSTS, auth_token="secret", page="999").status_code == 404
    assert stand.get(POSTS, auth_token="secret", filter="rising").status_code == 400


def test_the_hot_list_grows_and_keeps_what_it_has(stand: Stand, month: Month) -> None:
    seen: set[int] = set()
    for hours in range(0, 73, 6):
        stand.go_to(START + timedelta(hours=hours))
        hot = {post["id"] for post in stand.posts(filter="hot")}
        assert seen <= hot
        seen = hot
    assert seen == set(month.posts.filter(pl.col("hot"))["post_id"])


def test_at_the_end_everything_stands_as_recorded(stand: Stand, month: Month) -> None:
    stand.go_to(START + timedelta(days=30))
    clock = stand.get("/clock").json()
    assert clock["ended"] and clock["now"] == clock["end"] == month.end
    told = {post["id"]: post for post in stand.posts()}
    assert len(told) == len(month.posts)
    for row in month.posts.iter_rows(named=True):
        post = told[row["post_id"]]
        assert [tag["code"] for tag in post["instruments"]] == row["currencies"]
        if row["votes_positive"] is None:
            assert post["votes"] is None
        else:
            assert post["votes"] == {kind: row[f"votes_{kind}"] for kind in post["votes"]}
    rows = stand.get("/api/v3/klines", symbol="BTCUSDT", interval="1m", limit="3").json()
    assert rows[-1][0] == month.end - 60_000


def test_the_feed_is_conditional(stand: Stand) -> None:
    first = stand.get("/rss")
    assert first.status_code == 200 and len(feedparser.parse(first.content).entries) == 40
    for name, value in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        again = stand.session.get(stand.server.url + "/rss", headers={name: first.headers[value]}, timeout=5)
        assert (again.status_code, again.content) == (304, b"")
    stand.go_to(NOW + timedelta(hours=6))
    changed = stand.session.get(stand.server.url + "/rss", headers={"If-None-Match": first.headers["ETag"]}, timeout=5)
    assert changed.status_code == 200


def test_the_remote_clock_reads_it(stand: Stand) -> None:
    clock = RemoteClock(f"{stand.server.url}/clock")
    assert abs((clock.now() - NOW).total_seconds()) < 5


def fault(stand: Stand, mode: str, **more: object) -> None:
    body = {"path": "/api/v3/time", "mode": mode, "count": 1, **more}
    assert stand.session.post(stand.server.url + "/_faults", json=body, timeout=5).status_code == 200


@pytest.mark.parametrize("status", [429, 418, 451, 403, 500])
def test_a_fault_with_a_status_lasts_as_often_as_asked(stand: Stand, status: int) -> None:
    fault(stand, str(status), retry_after=7, count=2)
    assert stand.get("/api/v3/ping").status_code == 200
    for _ in range(2):
        answer = stand.get("/api/v3/time")
        assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert stand.get("/api/v3/time").status_code == 200


def test_faults_of_the_body(stand: Stand) -> None:
    fault(stand, "html")
    answer = stand.get("/api/v3/time")
    assert answer.status_code == 200 and answer.text.startswith("<!DOCTYPE html>")
    fault(stand, "empty")
    assert stand.get("/api/v3/time").content == b""
    fault(stand, "cut")
    with pytest.raises(ValueError):
        stand.get("/api/v3/time").json()
    fault(stand, "truncated")
    with pytest.raises(requests.RequestException):
        stand.get("/api/v3/time")
    fault(stand, "timeout", seconds=1.5)
    with pytest.raises(requests.Timeout):
        stand.session.get(stand.server.url + "/api/v3/time", timeout=0.3)
    assert stand.get("/api/v3/time").status_code == 200
    assert stand.session.post(stand.server.url + "/_faults", json={"mode": "boredom"}, timeout=5).status_code == 400


def test_a_taken_port_is_named(stand: Stand, world: World) -> None:
    with pytest.raises(ServiceError, match=r"simulator\.port"):
        Server(stand.server.simulator, stand.server.server_address[1])


def test_a_second_start_goes_on(month: Month, tmp_path: Path) -> None:
    month.write(tmp_path / "recording")
    kafka = {"bootstrap_servers": "127.0.0.1:1"}
    settings = Settings.model_validate({"home": tmp_path, "kafka": kafka})
    real = ManualClock(datetime.now(UTC))
    stop = threading.Event()
    stop.set()
    world, saved, states, tick = prepare(settings, None, 3, tmp_path / "state")
    timeline = Timeline(saved.now, 60.0, world.end, real, lambda: 0.0)
    keep(timeline, saved, states, tick, stop)
    assert list((tmp_path / "state" / "truth").glob("*.jsonl"))
    again = prepare(settings, None, 3, tmp_path / "state")[1]
    assert again.start == saved.start and from_ms(again.now) - from_ms(saved.now) == timedelta(minutes=3)
    with pytest.raises(RecordingError, match="another seed"):
        prepare(settings, None, 4, tmp_path / "state")
    with pytest.raises(RecordingError, match="another recording"):
        prepare(settings, tmp_path / "recording", 3, tmp_path / "state")
