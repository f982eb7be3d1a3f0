"""The list of followed coins: a wish on the page becomes candles on the topic, without a restart of anything."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from newswake import followed
from newswake.errors import WishError
from newswake.followed import Followed, Status
from newswake.kafka import ensure_topics
from newswake.messages import HOUR_MS, MINUTE_MS
from tests.conftest import Fresh, free_ports
from tests.integration.processes import program, simulator, wait_until
from tests.integration.test_candle_producer import assert_complete, newest, pages_on

pytestmark = pytest.mark.integration

SEEDED = ("BTC", "ETH")


@pytest.fixture
def database(fresh: Fresh) -> Iterator[Database[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](fresh.settings.mongo.uri.get_secret_value(), tz_aware=True) as client:
        yield client[fresh.settings.mongo.database]


def listed(database: Database[dict[str, Any]], coin: str) -> Followed:
    return next(one for one in followed.read(database) if one.coin == coin)


def minutes_of(fresh: Fresh, coin: str) -> list[int]:
    return [time for _, page in pages_on(fresh.settings) if page.symbol == coin for time in page.open_time]


def test_the_list(database: Database[dict[str, Any]]) -> None:
    followed.seed(database, ["BTC", "ETH"])
    followed.seed(database, ["XRP"])
    assert [(one.coin, one.status) for one in followed.read(database)] == [
        ("BTC", Status.FOLLOWING),
        ("ETH", Status.FOLLOWING),
    ]
    assert followed.add(database, " sol ").status is Status.CHECKING
    assert followed.add(database, "BTC").status is Status.FOLLOWING
    followed.answer(database, "SOL", {"status": Status.REFUSED, "reason": "no market"})
    assert (listed(database, "SOL").status, listed(database, "SOL").reason) == (Status.REFUSED, "no market")
    again = followed.add(database, "SOL")
    assert (again.status, again.reason) == (Status.CHECKING, None)
    assert [one.coin for one in followed.read(database)] == ["BTC", "ETH", "SOL"]
    assert followed.remove(database, "eth") and not followed.remove(database, "ETH")
    followed.answer(database, "ETH", {"status": Status.FOLLOWING})
    for coin in ("BTC", "SOL"):
        followed.remove(database, coin)
    assert followed.read(database) == []
    followed.seed(database, ["XRP"])
    assert followed.read(database) == []  # an empty list is not a new one
    for wrong in ("", "BTC/USDT", "$where", "system.views", "A" * 21):
        with pytest.raises(WishError, match="code"):
            followed.add(database, wrong)


def test_a_wish_before_the_first_start_does_not_stand_for_the_list(database: Database[dict[str, Any]]) -> None:
    followed.add(database, "ETH")
    followed.seed(database, ["BTC", "ETH"])
    assert {one.coin: one.status for one in followed.read(database)} == {
        "BTC": Status.FOLLOWING,
        "ETH": Status.CHECKING,
    }


def test_the_list_has_an_end(database: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed, "MOST_COINS", 2)
    followed.seed(database, SEEDED)
    with pytest.raises(WishError, match="2 coins are followed already"):
        followed.add(database, "SOL")
    followed.remove(database, "ETH")
    assert followed.add(database, "SOL").status is Status.CHECKING


def test_a_wish_is_checked_backfilled_and_followed_without_a_restart(
    fresh: Fresh, database: Database[dict[str, Any]]
) -> None:
    ensure_topics(fresh.settings.kafka)
    with simulator("--speed", "120", environ=fresh.environ) as address:
        environ = {
            **fresh.environ,
            "NEWSWAKE_CANDLES__COINS": ",".join(SEEDED),
            "NEWSWAKE_CANDLES__BASE_URL": f"{address}/api/v3",
            "NEWSWAKE_CLOCK__URL": f"{address}/clock",
        }
        with program("candles", environ=environ) as producer:
            wait_until(lambda: newest(fresh.settings) > 0, producer)
            wait_until(lambda: listed(database, "ETH").caught_up_at is not None, producer)
            followed.add(database, "SOL")
            followed.add(database, "NOPE")
            wait_until(lambda: listed(database, "NOPE").status is Status.REFUSED, producer)
            wait_until(lambda: listed(database, "SOL").caught_up_at is not None, producer)
            sol = listed(database, "SOL")
            last = max(minutes_of(fresh, "SOL"))
            wait_until(lambda: max(minutes_of(fresh, "SOL")) >= last + 3 * MINUTE_MS, producer)

            followed.remove(database, "ETH")
            was = max(minutes_of(fresh, "ETH"))
            wait_until(lambda: newest(fresh.settings) >= was + 20 * MINUTE_MS, producer)
            stopped_at = max(minutes_of(fresh, "ETH"))
            producer.send_signal(signal.SIGTERM)
            assert producer.wait(10) == 0

        # MongoDB is away at the next start: it goes on with what it has.
        (nobody,) = free_ports(1)
        away = {**environ, "NEWSWAKE_MONGO__URI": f"mongodb://127.0.0.1:{nobody}", "NEWSWAKE_MONGO__TIMEOUT_MS": "500"}
        with program("candles", environ=away) as producer:
            last = max(minutes_of(fresh, "SOL"))
            wait_until(lambda: max(minutes_of(fresh, "SOL")) >= last + 3 * MINUTE_MS, producer)
            producer.send_signal(signal.SIGTERM)
            assert producer.wait(10) == 0
            log = producer.stderr.read() if producer.stderr else ""
        assert_complete(pages_on(fresh.settings), environ, ("BTC", "ETH", "SOL"))

    assert (sol.status, sol.market, sol.reason) == (Status.FOLLOWING, "SOL/USDT", None)
    assert "trades no" in (listed(database, "NOPE").reason or "")
    assert sol.followed_from is not None
    times = minutes_of(fresh, "SOL")
    assert min(times) <= int(sol.followed_from.timestamp() * 1000) + 5 * MINUTE_MS
    assert 24 * HOUR_MS <= max(times) - min(times) < 40 * HOUR_MS
    assert max(minutes_of(fresh, "BTC")) - min(minutes_of(fresh, "BTC")) >= 48 * HOUR_MS
    assert max(minutes_of(fresh, "ETH")) == stopped_at
    assert "going on with 2 coins" in log and "Traceback" not in log
