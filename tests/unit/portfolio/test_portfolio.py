"""Holdings in their file, their worth, and what posts did to them, computed again by hand."""

from __future__ import annotations

import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard import private
from dashboard.models.portfolio import NewHolding
from dashboard.portfolio import holdings
from dashboard.portfolio.holdings import Held
from dashboard.portfolio.news import Wake, effects, wakes_of
from dashboard.portfolio.worth import Price, worth
from dashboard.refusals import Invalid, NotThere
from newswake.errors import SettingsError
from newswake.settings import Settings

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HELD = (
    Held("a", "BTC", 0.5, 90_000.0),
    Held("b", "ETH", 10.0, 3_000.0),
    Held("c", "BTC", 0.1, 0.0),
    Held("d", "NOPE", 5.0, 2.0),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def test_the_file_keeps_them_for_its_owner_alone(settings: Settings) -> None:
    assert holdings.read(settings) == ()
    first = holdings.add(settings, NewHolding(coin="btc", amount=0.5, paid=90_000))
    second = holdings.add(settings, NewHolding(coin="ETH", amount=10, paid=0))
    holdings.change(settings, first, NewHolding(coin="BTC", amount=0.25, paid=80_000))
    assert holdings.read(settings) == (Held(first, "BTC", 0.25, 80_000.0), Held(second, "ETH", 10.0, 0.0))
    holdings.remove(settings, second)
    assert [one.id for one in holdings.read(settings)] == [first]
    for call in (lambda: holdings.remove(settings, second), lambda: holdings.change(settings, "x", _new())):
        with pytest.raises(NotThere):
            call()
    for file in (settings.home / "portfolio.json", settings.home / "portfolio.lock"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (settings.home / "portfolio.json").chmod(0o644)
    holdings.read(settings)
    assert stat.S_IMODE((settings.home / "portfolio.json").stat().st_mode) == 0o600


def _new() -> NewHolding:
    return NewHolding(coin="BTC", amount=1, paid=1)


def test_there_is_an_end_to_them(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holdings, "MOST", 1)
    holdings.add(settings, _new())
    with pytest.raises(Invalid, match="1 holdings"):
        holdings.add(settings, _new())


@pytest.mark.parametrize("text", ["", "[]", "{", '{"holdings": [{"id": 1}]}', '{"holdings": 5}'])
def test_a_damaged_file_is_said_and_not_overwritten(settings: Settings, text: str) -> None:
    settings.home.mkdir()
    file = settings.home / "portfolio.json"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"portfolio\.json"):
        holdings.read(settings)
    with pytest.raises(SettingsError, match=r"portfolio\.json"):
        holdings.add(settings, _new())
    assert file.read_text() == text


def test_nothing_is_lost_by_those_who_write_at_once(settings: Settings) -> None:
    together = threading.Barrier(8)

    def add() -> None:
        together.wait()
        holdings.add(settings, _new())

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(holdings.read(settings)) == 8


def test_a_change_that_fails_half_way_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "some.json"
    with private.changing(path) as file:
        file["kept"] = 1
    with pytest.raises(RuntimeError), private.changing(path) as file:
        file["kept"] = 2
        raise RuntimeError
    assert private.load(path) == {"kept": 1}


def test_worth() -> None:
    prices = {"BTC": Price(100_000.0, NOW), "ETH": Price(2_500.0, NOW - 3 * MINUTE)}
    found = worth(HELD, prices, [], quote="USDT", now=NOW)
    assert [one.value for one in found.holdings] == [50_000.0, 25_000.0, 10_000.0, None]
    assert [one.profit for one in found.holdings] == [5_000.0, -5_000.0, 10_000.0, None]
    assert [one.profit_share for one in found.holdings] == [pytest.approx(1 / 9), pytest.approx(-1 / 6), None, None]
    assert [one.share for one in found.holdings] == [pytest.approx(v / 85) for v in (50, 25, 10)] + [None]
    assert (found.cost, found.value, found.profit, found.unpriced) == (75_010.0, 85_000.0, 10_000.0, ["NOPE"])
    assert found.holdings[1].price_at == NOW - 3 * MINUTE
    nothing = worth(HELD[3:], prices, [], quote="USDT", now=None)
    assert (nothing.value, nothing.profit, nothing.holdings[0].share) == (None, None, None)


def row(post: str, coin: str, horizon: int, price: float | None) -> dict[str, Any]:
    key = {"source": "rss", "post_id": post, "symbol": coin, "horizon_minutes": horizon}
    return {**key, "published_at": NOW, "price": price}


def test_what_moved_it() -> None:
    rows = [
        row("1", "BTC", 0, 100.0), row("1", "BTC", 5, 101.0), row("1", "BTC", 60, 98.0), row("1", "BTC", 240, None),
        row("1", "ETH", 5, 11.0), row("1", "ETH", 0, 10.0),
        row("2", "BTC", 0, None), row("2", "BTC", 5, 50.0),
        row("3", "BTC", 0, 100.0),
        row("4", "SOL", 0, 1.0), row("4", "SOL", 5, 2.0),
    ]  # fmt: skip
    wakes = wakes_of(rows)
    assert wakes[0] == Wake("rss:1", "BTC", NOW, {0: 100.0, 5: 101.0, 60: 98.0})
    longest = effects(HELD, wakes, horizon=None, most=10)
    seen = [(one.wake.coin, one.horizon_minutes, one.change, one.effect) for one in longest]
    assert seen == [
        ("ETH", 5, pytest.approx(0.1), pytest.approx(10.0)),
        ("BTC", 60, pytest.approx(-0.02), pytest.approx(0.6 * -2.0)),
    ]
    at_five = effects(HELD, wakes, horizon=5, most=10)
    assert [(one.wake.coin, one.effect) for one in at_five] == [("ETH", 10.0), ("BTC", pytest.approx(0.6))]
    assert effects(HELD, wakes, horizon=240, most=10) == []
    assert len(effects(HELD, wakes, horizon=None, most=1)) == 1


def test_a_price_of_zero_is_no_price() -> None:
    common = {"source": "rss", "post_id": "a", "symbol": "BTC", "published_at": datetime(2026, 1, 1, tzinfo=UTC)}
    rows = [{**common, "horizon_minutes": horizon, "price": price} for horizon, price in ((0, 0.0), (60, 5.0))]
    assert effects([Held("1", "BTC", 2.0, 1.0)], wakes_of(rows), horizon=None, most=5) == []


def test_a_disk_that_takes_nothing_is_named_and_the_file_stays(settings: Settings) -> None:
    held = holdings.add(settings, _new())
    (settings.home / "portfolio.draft").mkdir()  # nothing can be written under this name
    with pytest.raises(SettingsError, match=r"portfolio\.json cannot be written"):
        holdings.add(settings, _new())
    assert [one.id for one in holdings.read(settings)] == [held]
