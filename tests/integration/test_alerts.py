"""Alerts from the tables of a real database to a web hook: what is told, once, when not, and what nobody may read."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.database import Database

from dashboard import portfolio
from dashboard.alerts import journal, store
from dashboard.alerts.engine import Engine
from dashboard.models.alerts import AlertRules, NewChannel
from dashboard.models.portfolio import NewHolding
from dashboard.refusals import Invalid, NotThere
from newswake import followed
from newswake.clock import ManualClock
from newswake.settings import Alerts, Settings
from tests.conftest import Fresh, free_ports
from tests.integration.webhook import WebHook, web_hook

pytestmark = pytest.mark.integration

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
WALL = datetime(2126, 5, 4, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECRETS = ("pl4nted-password", "pl4nted-path")


@pytest.fixture
def hook() -> Iterator[WebHook]:
    with web_hook() as server:
        yield server


@pytest.fixture
def database(fresh: Fresh) -> Iterator[Database[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](fresh.settings.mongo.uri.get_secret_value(), tz_aware=True) as client:
        yield client[fresh.settings.mongo.database]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(WALL)


def candles(database: Database[dict[str, Any]], coin: str, until: datetime, hours: int = 3) -> None:
    """Closes that go up and down by 0.1 % a minute, so that every odd horizon moves by 0.1 %."""
    rows = [
        {
            "_id": f"binance:{coin}/USDT:1m:{at.isoformat()}", "exchange": "binance", "symbol": coin, "quote": "USDT",
            "open_time": at, "close": 100.0 if minute % 2 else 100.1,
        }
        for minute in range(1, hours * 60 + 1)
        for at in [until - minute * MINUTE]
    ]  # fmt: skip
    database["candles"].insert_many(rows)


def hot_post(database: Database[dict[str, Any]], id: str, coin: str, hot_at: datetime) -> None:
    database["posts"].insert_one(
        {
            "_id": f"rss:{id}",
            "source": "rss",
            "post_id": id,
            "title": f"Post {id}",
            "url": "https://news.example",
            "published_at": hot_at - MINUTE,
            "hot_at": hot_at,
            "currencies": [coin],
        }
    )


def price(database: Database[dict[str, Any]], id: str, coin: str, horizon: int, value: float) -> None:
    published = NOW - 6 * MINUTE
    database["post_prices"].insert_one(
        {
            "_id": f"rss:{id}:{coin}:{horizon}",
            "source": "rss",
            "post_id": id,
            "symbol": coin,
            "horizon_minutes": horizon,
            "published_at": published,
            "target_time": published + horizon * MINUTE,
            "price": value,
            "price_status": "exact",
        }
    )


def only(settings: Settings, *kinds: str, **more: Any) -> None:
    names = ("hot_post", "unusual_move", "stale_data")
    store.set_rules(settings, AlertRules(**{name: name in kinds for name in names}, **more))


def told(hook: WebHook) -> list[str]:
    return [message["title"] for message in hook.received]


def test_hot_posts_are_told_once_and_held_back_when_they_should_be(
    fresh: Fresh, database: Database[dict[str, Any]], hook: WebHook, clock: ManualClock
) -> None:
    settings = fresh.settings
    followed.seed(database, ["BTC"])
    portfolio.add(settings, NewHolding(coin="ETH", amount=1, paid=1))
    only(settings, "hot_post", cooldown_minutes=30, quiet_from="22:00", quiet_until="07:00")
    candles(database, "BTC", NOW)
    store.add_channel(settings, NewChannel(name="hook", url=SecretStr(hook.url)))
    hot_post(database, "old", "BTC", NOW - timedelta(hours=2))
    hot_post(database, "1", "BTC", NOW - 2 * MINUTE)
    hot_post(database, "2", "BTC", NOW - MINUTE)
    hot_post(database, "3", "ETH", NOW)
    hot_post(database, "4", "SOL", NOW)
    engine = Engine(database, settings, clock)
    engine.look()
    assert told(hook) == ["Hot post on BTC", "Hot post on ETH"]
    assert hook.received[0]["message"].startswith("Post 1\nrss, hot 60 s after it was published")
    engine.look()
    clock.advance(29 * 60)
    hot_post(database, "5", "BTC", NOW)
    engine = Engine(database, settings, clock)  # a server that was started anew knows what was told before
    engine.look()
    assert len(hook.received) == 2
    clock.advance(60)
    hot_post(database, "6", "BTC", NOW)
    engine.look()
    assert len(hook.received) == 3
    clock.advance(14 * 3600)
    hot_post(database, "7", "BTC", NOW)
    engine.look()

    entries = journal.log(database, None, 100).entries
    shown = [(one.post_id, one.channel, one.delivered, one.held_back) for one in reversed(entries)]
    assert shown == [
        ("rss:1", "hook", True, ""),
        ("rss:2", "", False, "cooldown"),
        ("rss:3", "hook", True, ""),
        ("rss:5", "", False, "cooldown"),
        ("rss:6", "hook", True, ""),
        ("rss:7", "", False, "quiet_hours"),
    ]
    pages, before = [], None
    while True:
        page = journal.log(database, before, 4)
        pages.append([one.id for one in page.entries])
        if (before := page.next) is None:
            break
    assert pages == [[one.id for one in entries[:4]], [one.id for one in entries[4:]]]
    with pytest.raises(Invalid):
        journal.log(database, "no place", 4)


def test_a_move_far_beyond_the_usual_one_is_told(
    fresh: Fresh, database: Database[dict[str, Any]], hook: WebHook, clock: ManualClock
) -> None:
    followed.seed(database, ["BTC"])
    only(fresh.settings, "unusual_move", times_usual=3)
    candles(database, "BTC", NOW)
    store.add_channel(fresh.settings, NewChannel(name="hook", url=SecretStr(hook.url)))
    for id, after in (("1", 100.29), ("2", 99.69)):  # 0.29 % and -0.31 % where 0.1 % is usual
        price(database, id, "BTC", 0, 100.0)
        price(database, id, "BTC", 5, after)
    Engine(database, fresh.settings, clock).look()
    assert told(hook) == ["BTC -0.31% within 5 min of a post"]
    assert "3.1 times the usual 0.10%" in hook.received[0]["message"]


def test_stale_data_are_told_when_they_stay_so_and_also_when_the_database_is_away(
    fresh: Fresh, hook: WebHook, clock: ManualClock
) -> None:
    only(fresh.settings, "stale_data")
    store.add_channel(fresh.settings, NewChannel(name="hook", url=SecretStr(hook.url)))
    (nobody,) = free_ports(1)
    with MongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{nobody}", serverSelectionTimeoutMS=100) as client:
        engine = Engine(client["away"], fresh.settings, clock)
        engine.look()
        assert told(hook) == []
        clock.advance(130)
        engine.look()
        engine.look()
    assert told(hook) == ["newswake: service mongodb is down"]


def test_an_engine_that_runs_looks_by_itself_and_ends(
    fresh: Fresh, database: Database[dict[str, Any]], hook: WebHook
) -> None:
    followed.seed(database, ["BTC"])
    only(fresh.settings, "hot_post")
    candles(database, "BTC", NOW)
    store.add_channel(fresh.settings, NewChannel(name="hook", url=SecretStr(hook.url)))
    hot_post(database, "1", "BTC", NOW)
    engine = Engine(database, fresh.settings)
    engine.start()
    with database["alert_log"].watch(max_await_time_ms=30_000) as changes:
        if database["alert_log"].find_one() is None:
            next(changes)
    engine.close(10)
    assert told(hook) == ["Hot post on BTC"]


def test_a_channel_can_be_tried_and_its_failure_is_told_without_its_secrets(
    fresh: Fresh, database: Database[dict[str, Any]], hook: WebHook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings = fresh.settings.model_copy(update={"alerts": Alerts(urls=SecretStr(f" {hook.url} "))})
    added = store.add_channel(settings, NewChannel(name="hook", url=SecretStr(hook.url), enabled=False))
    assert store.test_channel(settings, database, added.id).delivered
    assert hook.received[0]["title"] == "newswake: a test"
    hook.status = 403
    refused = store.test_channel(settings, database, added.id)
    assert not refused.delivered and "403" in refused.reason
    shown = store.read(settings)
    assert [(one.id, one.service, one.enabled) for one in shown.channels] == [
        ("setting-1", "JSON", True),
        (added.id, "JSON", False),
    ]
    assert added.address == f"json://somebody:****@127.0.0.1:{hook.server_address[1]}/…"
    for wrong in ("nonsense://pl4nted-password", "no address"):
        with pytest.raises(Invalid, match="apprise"):
            store.add_channel(settings, NewChannel(name="x", url=SecretStr(wrong)))
    with pytest.raises(Invalid, match=r"alerts\.urls"):
        store.remove_channel(settings, "setting-1")
    store.remove_channel(settings, added.id)
    for call in (store.remove_channel, lambda one, id: store.test_channel(one, database, id)):
        with pytest.raises(NotThere):
            call(settings, added.id)

    assert stat.S_IMODE((settings.home / "alerts.json").stat().st_mode) == 0o600
    logged = "".join(str(row) for row in database["alert_log"].find())
    said = f"{shown.model_dump_json()}{added.model_dump_json()}{refused.model_dump_json()}{logged}{caplog.text}"
    assert not [secret for secret in SECRETS if secret in said]
    assert store.read(settings).rules == AlertRules()


def test_half_of_the_quiet_hours_are_none(fresh: Fresh) -> None:
    with pytest.raises(Invalid, match="end"):
        store.set_rules(fresh.settings, AlertRules(quiet_from="22:00"))
