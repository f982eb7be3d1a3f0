"""The producer's life on a clock that the test moves."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from newswake.clock import ManualClock, from_ms, to_iso, to_ms
from newswake.errors import SourceRefusal, SourceRetry
from newswake.messages import CandlePage
from newswake.settings import Candles, Settings
from producers.candles.loop import CandleLoop
from producers.candles.market import Market
from producers.candles.pages import to_pages
from producers.states import StateBoard
from tests.unit.candles.fakes import MINUTE, NOON, Listed, ListPublisher, ListSource, make_candle


class StoppingClock(ManualClock):
    """Sets `stop` when the time has come, and tells of each wait."""

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self.stop = threading.Event()
        self.stop_at = now

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        stopped = super().wait(seconds, stop)
        if self.now() >= self.stop_at:
            stop.set()
        return stopped


@pytest.fixture
def clock() -> StoppingClock:
    return StoppingClock(from_ms(NOON + 1_500))


class World:
    """A loop with everything around it. `on_topic` is what the topic holds when the loop starts."""

    def __init__(self, source: ListSource, publisher: ListPublisher, clock: StoppingClock, folder: Path) -> None:
        self.source, self.publisher, self.clock, self.folder = source, publisher, clock, folder
        self.on_topic: dict[str, CandlePage] = {}
        self.asked_topic: list[tuple[set[str], int]] = []
        self.listed = Listed(("BTC", "ETH"))

    def run(self, seconds: float, **candles: object) -> None:
        self.clock.stop.clear()
        self.clock.stop_at = self.clock.now() + timedelta(seconds=seconds)
        settings = Settings(home=self.folder, candles=Candles.model_validate(candles))
        board = StateBoard(self.folder)
        chance = random.Random(1)
        loop = CandleLoop(
            settings, self.listed, self.source, self.publisher, self._last, board, self.clock, chance, 0.0
        )
        loop.run(self.clock.stop)

    def _last(self, coins: Collection[str], now_ms: int) -> dict[str, CandlePage]:
        self.asked_topic.append((set(coins), now_ms))
        return {coin: page for coin, page in self.on_topic.items() if coin in coins}

    def state(self, name: str = "candles.binance") -> dict[str, str]:
        loaded: dict[str, str] = json.loads((self.folder / f"{name}.json").read_text())
        return loaded


@pytest.fixture
def world(source: ListSource, publisher: ListPublisher, clock: StoppingClock, tmp_path: Path) -> World:
    for coin in ("BTC", "ETH"):
        source.rows[coin] = [make_candle(NOON + n * MINUTE) for n in range(-72 * 60, 60)]
    return World(source, publisher, clock, tmp_path)


def after(
    moment: datetime, error: Callable[[], Exception], clock: ManualClock, until: datetime
) -> Callable[[str], None]:
    def fail(coin: str) -> None:
        if moment <= clock.now() < until:
            raise error()

    return fail


def test_the_first_start_backfills(world: World) -> None:
    world.run(seconds=1, backfill_hours=2)
    assert world.publisher.minutes("BTC") == [NOON + n * MINUTE for n in range(-120, 0)]
    assert world.asked_topic == [({"BTC", "ETH"}, NOON + 1_500)]
    assert world.state()["condition"] == "ok"
    assert world.state()["reason"] == "following 2 of 2 coins"
    assert world.state()["next_try_at"] == to_iso(from_ms(NOON + 61_000))


def test_every_minute_goes_out_a_second_after_its_close(world: World) -> None:
    """The open minute is in every answer of the source here, and never in a page."""
    world.run(seconds=600, backfill_hours=1)
    live = [page for page in world.publisher.pages if page.open_time[0] >= NOON]
    assert [page.open_time for page in live if page.symbol == "ETH"] == [(NOON + n * MINUTE,) for n in range(10)]
    assert all(page.seen_at == page.open_time[0] + 61_000 for page in live)


def test_our_own_clock_decides_nothing(world: World, clock: StoppingClock) -> None:
    """The exchange is 70 s behind us: its last minute is not over, whatever we think."""
    world.source.now_ms = lambda: to_ms(clock.now()) - 70_000  # type: ignore[method-assign]
    world.run(seconds=1, backfill_hours=1)
    assert world.publisher.minutes("BTC")[-1] == NOON - 3 * MINUTE


def test_a_row_is_not_asked_for_in_the_moment_of_its_close(world: World, clock: StoppingClock) -> None:
    clock.advance(-1.4)
    world.run(seconds=1, backfill_hours=1)
    assert clock.waits[0] == pytest.approx(0.9)
    assert world.publisher.minutes("BTC")[-1] == NOON - MINUTE


def test_several_minutes_in_one_page_when_the_clock_is_fast(world: World, clock: StoppingClock) -> None:
    world.run(seconds=1, backfill_hours=1)
    world.publisher.sent.clear()
    cycles = 0

    def slow(coin: str) -> None:
        nonlocal cycles
        cycles += coin == "BTC"
        clock.advance(100)  # an answer takes that long in the simulator's time

    world.source.fail = slow
    world.on_topic = {
        coin: to_pages(Market(coin, "USDT"), "binance", NOON, [make_candle(NOON - MINUTE)])[0]
        for coin in ("BTC", "ETH")
    }
    world.run(seconds=1500, backfill_hours=1)
    minutes = world.publisher.minutes("BTC")
    assert minutes == [NOON + n * MINUTE for n in range(len(minutes))]
    assert len(minutes) > 15
    assert cycles < 8


def test_a_restart_goes_on_after_the_last_page(world: World) -> None:
    last = [make_candle(NOON - 90 * MINUTE, 55.0)]
    world.on_topic = {"BTC": to_pages(Market("BTC", "USDT"), "binance", NOON, last)[0]}
    del world.source.rows["BTC"][72 * 60 - 89]  # the minute after it was without trades
    world.run(seconds=1, backfill_hours=4, new_coin_backfill_hours=2)
    assert world.publisher.minutes("BTC") == [NOON + n * MINUTE for n in range(-89, 0)]
    assert world.publisher.minutes("ETH")[0] == NOON - 120 * MINUTE
    first = next(page for page in world.publisher.pages if page.symbol == "BTC")
    assert first.filled is not None
    assert (first.filled[0], first.close[0]) == (True, 55.0)


def test_another_market_s_close_is_not_carried_forward(world: World) -> None:
    last = [make_candle(NOON - 90 * MINUTE, 55.0)]
    world.on_topic = {"BTC": to_pages(Market("BTC", "USDC"), "binance", NOON, last)[0]}
    del world.source.rows["BTC"][72 * 60 - 89]
    world.run(seconds=1, backfill_hours=2)
    assert world.publisher.minutes("BTC") == [NOON + n * MINUTE for n in range(-88, 0)]


def test_a_coin_without_a_market_is_a_state(world: World) -> None:
    world.source.homeless = {"NOPE"}
    world.listed = Listed(("NOPE", "BTC"))
    world.run(seconds=1, backfill_hours=1)
    assert len(world.publisher.minutes("BTC")) == 60
    assert world.state()["reason"] == "following 1 of 2 coins"
    markets = world.state("candles.binance.markets")
    assert markets["condition"] == "stopped"
    assert "NOPE" in markets["reason"]


def test_a_coin_that_gets_a_market_is_followed_within_the_hour(world: World) -> None:
    world.source.homeless = {"ETH"}
    world.run(seconds=120, backfill_hours=1)
    assert world.publisher.minutes("ETH") == []
    world.source.homeless = set()
    world.source.rows["ETH"] += [make_candle(NOON + n * MINUTE) for n in range(60, 120)]
    world.source.rows["BTC"] += [make_candle(NOON + n * MINUTE) for n in range(60, 120)]
    world.run(seconds=3700, backfill_hours=1)
    assert world.publisher.minutes("ETH")
    assert world.state("candles.binance.markets")["condition"] == "ok"


def test_a_coin_without_new_candles_is_a_state(world: World) -> None:
    world.source.rows["ETH"] = world.source.rows["ETH"][: 71 * 60]
    world.run(seconds=1, backfill_hours=2)
    assert world.state("candles.binance.coins")["reason"] == "no new candles of ETH"
    assert world.state()["condition"] == "ok"


def test_an_outage_is_a_state_with_the_next_try_and_then_nothing_is_missing(world: World, clock: StoppingClock) -> None:
    begin, end = clock.now() + timedelta(minutes=5), clock.now() + timedelta(minutes=25)
    world.source.fail = after(begin, lambda: SourceRetry("HTTP 500"), clock, end)
    world.run(seconds=600, backfill_hours=1)
    state = world.state()
    assert (state["condition"], state["reason"]) == ("waiting", "HTTP 500")
    assert state["next_try_at"] >= to_iso(clock.now())
    assert len(world.source.asked) < 200
    world.on_topic = {page.symbol: page for page in world.publisher.pages}
    world.run(seconds=1200, backfill_hours=1)
    assert world.state()["condition"] == "ok"
    minutes = world.publisher.minutes("BTC")
    assert minutes == [NOON + n * MINUTE for n in range(-60, len(minutes) - 60)]
    assert len(minutes) >= 60 + 29


def test_the_exchange_s_own_time_of_the_next_try_is_kept(world: World, clock: StoppingClock) -> None:
    until = clock.now() + timedelta(seconds=500)
    tries: list[datetime] = []

    def ban(coin: str) -> None:
        tries.append(clock.now())
        if clock.now() < until:
            raise SourceRetry("slow down", until)

    world.source.fail = ban
    world.run(seconds=520, backfill_hours=1)
    assert tries[1] == until
    assert world.state()["condition"] == "ok"


def test_a_refusal_is_tried_once_an_hour(world: World, clock: StoppingClock) -> None:
    tries: list[datetime] = []

    def refuse(coin: str) -> None:
        tries.append(clock.now())
        raise SourceRefusal("refuses this place")

    world.source.fail = refuse
    world.run(seconds=3 * 3600 - 1, backfill_hours=1)
    assert len(tries) == 3
    assert world.state()["condition"] == "stopped"
    assert world.state()["next_try_at"] == to_iso(tries[-1] + timedelta(hours=1))


def test_a_clock_that_stands_still_brings_the_last_minute_once(world: World, clock: StoppingClock) -> None:
    """The simulator's clock ends exactly at the close of its last candle."""
    world.source.now_ms = lambda: min(to_ms(clock.now()), NOON + 5 * MINUTE)  # type: ignore[method-assign]
    world.run(seconds=1200, backfill_hours=1)
    assert world.publisher.minutes("BTC") == [NOON + n * MINUTE for n in range(-60, 5)]


def test_a_first_start_that_was_broken_off_still_backfills_in_full(world: World) -> None:
    """One coin got its first hours out, the other none: both belong to the first start."""
    for hours, first in ((30, -48), (20, -24)):
        world.publisher.sent.clear()
        last = [make_candle(NOON - hours * 60 * MINUTE)]
        world.on_topic = {"BTC": to_pages(Market("BTC", "USDT"), "binance", NOON, last)[0]}
        world.run(seconds=1)
        assert world.publisher.minutes("BTC")[0] == NOON - (hours * 60 - 1) * MINUTE
        assert world.publisher.minutes("ETH")[0] == NOON + first * 60 * MINUTE


def test_a_wish_is_answered_and_followed_before_the_next_close(world: World, clock: StoppingClock) -> None:
    world.source.rows["SOL"] = [make_candle(NOON + n * MINUTE) for n in range(-72 * 60, 60)]
    world.source.homeless = {"NOPE"}
    asked_at: dict[str, datetime] = {}

    def wish(coin: str) -> None:
        if clock.now() >= from_ms(NOON + 130_000) and "SOL" not in asked_at:
            if "SOL" not in world.listed.now.coins:
                world.listed.wish("NOPE")
                world.listed.wish("SOL")
            elif coin == "SOL":
                asked_at["SOL"] = clock.now()

    wait, moments = clock.wait, []

    def waiting(seconds: float, stop: threading.Event) -> bool:
        moments.append(seconds)
        stopped = wait(seconds, stop)
        wish("")
        return stopped

    clock.wait = waiting  # type: ignore[method-assign]
    world.source.fail = wish
    world.run(seconds=400, backfill_hours=48, new_coin_backfill_hours=24)
    assert asked_at["SOL"] < from_ms(NOON + 140_000)  # the next close is at 180 s
    assert world.publisher.minutes("SOL") == [NOON + n * MINUTE for n in range(-24 * 60 + 2, 6)]
    assert world.publisher.minutes("BTC") == [NOON + n * MINUTE for n in range(-48 * 60, 6)]
    assert world.listed.begun["SOL"] == from_ms(NOON + 2 * MINUTE) - timedelta(hours=24)
    assert world.listed.begun["BTC"] == from_ms(NOON) - timedelta(hours=48)
    assert world.listed.complete == ["BTC", "ETH", "SOL"]
    assert (world.listed.markets["SOL"], world.listed.markets["NOPE"]) == ("SOL/USDT", None)
    assert "NOPE" in str(world.listed.reasons["NOPE"])
    assert world.state("candles.binance.markets")["condition"] == "ok"  # a wish that cannot be fulfilled is no trouble
    assert world.state()["reason"] == "following 3 of 3 coins"


def test_a_coin_that_is_removed_is_followed_no_more(world: World, clock: StoppingClock) -> None:
    def drop(coin: str) -> None:
        if clock.now() >= from_ms(NOON + 121_000):
            world.listed.drop("ETH")

    world.source.fail = drop
    world.run(seconds=400, backfill_hours=1)
    assert world.publisher.minutes("ETH") == [NOON + n * MINUTE for n in range(-60, 2)]
    assert world.publisher.minutes("BTC")[-1] == NOON + 5 * MINUTE
    assert world.state()["reason"] == "following 1 of 1 coins"


def test_a_change_of_the_list_is_no_reason_to_ask_an_exchange_that_wants_to_be_left_alone(
    world: World, clock: StoppingClock
) -> None:
    until = clock.now() + timedelta(seconds=500)
    tries: list[datetime] = []

    def ban(coin: str) -> None:
        tries.append(clock.now())
        world.listed.wish(f"SOL{len(tries)}")
        if clock.now() < until:
            raise SourceRetry("slow down", until)

    world.source.fail = ban
    world.run(seconds=499, backfill_hours=1)
    assert len(tries) == 1
