"""Forward in time over all coins, and nobody held back."""

from __future__ import annotations

import threading

import pytest

from newswake.clock import ManualClock
from newswake.errors import SourceRefusal, SourceRetry
from newswake.messages import HOUR_MS
from producers.candles.answers import RateLimited
from producers.candles.catch_up import CatchUp, Coin
from producers.candles.market import Market
from producers.candles.plan import LATE_MS
from producers.candles.source import MarketTrouble
from tests.unit.candles.fakes import MINUTE, NOON, ListPublisher, ListSource, make_candle

GO = threading.Event()


@pytest.fixture
def hiccups() -> list[float]:
    return []


@pytest.fixture
def catch_up(source: ListSource, publisher: ListPublisher, clock: ManualClock, hiccups: list[float]) -> CatchUp:
    return CatchUp(source, publisher, "Binance", clock, 5, lambda error, pause: hiccups.append(pause))


def coins(source: ListSource, *names: str, minutes: int) -> list[Coin]:
    """Coins that lack the last `minutes` before noon, which the source has."""
    for name in names:
        source.rows[name] = [make_candle(NOON - n * MINUTE) for n in range(minutes, 0, -1)]
    return [Coin(Market(name, "USDT"), NOON - minutes * MINUTE) for name in names]


def failing(*names: str, error: Exception | None = None) -> object:
    def fail(coin: str) -> None:
        if coin in names:
            raise error or SourceRetry(f"no answer for {coin}")

    return fail


def test_history_goes_out_hour_by_hour_over_all_coins(
    catch_up: CatchUp, source: ListSource, publisher: ListPublisher
) -> None:
    followed = coins(source, "BTC", "ETH", "XRP", minutes=48 * 60)
    catch_up.run(followed, NOON, GO)
    hours = [page.open_time[0] // HOUR_MS for page in publisher.pages]
    assert hours == sorted(hours)
    assert [page.symbol for page in publisher.pages[:3]] == ["BTC", "ETH", "XRP"]
    # The broker has an hour of all coins before it gets the next: partitions do not run ahead of each other.
    assert publisher.sent[3::4] == [None] * 48
    for coin in followed:
        assert publisher.minutes(coin.market.coin) == [row.open_time for row in source.rows[coin.market.coin]]
        assert coin.next_minute == NOON
    assert len(source.asked) == 3 * 3  # 48 hours in windows of 16, each coin once


def test_a_second_run_publishes_nothing(catch_up: CatchUp, source: ListSource, publisher: ListPublisher) -> None:
    followed = coins(source, "BTC", minutes=100)
    catch_up.run(followed, NOON, GO)
    before = len(publisher.pages)
    catch_up.run(followed, NOON, GO)
    assert len(publisher.pages) == before


def test_a_coin_listed_late_does_not_hold_the_others_back(
    catch_up: CatchUp, source: ListSource, publisher: ListPublisher
) -> None:
    followed = coins(source, "BTC", "NEW", minutes=40 * 60)
    source.rows["NEW"] = source.rows["NEW"][-10:]
    catch_up.run(followed, NOON, GO)
    assert len(publisher.minutes("BTC")) == 40 * 60
    assert len(publisher.minutes("NEW")) == 10


def test_a_coin_that_stopped_trading_is_asked_for_the_last_hours_only(catch_up: CatchUp, source: ListSource) -> None:
    followed = coins(source, "BTC", "OLD", minutes=40 * 60)
    source.rows["OLD"] = []
    catch_up.run(followed, NOON, GO)
    source.asked.clear()
    catch_up.run(followed, NOON + MINUTE, GO)
    assert set(source.asked) >= {("OLD", NOON - LATE_MS, NOON + MINUTE), ("BTC", NOON, NOON + MINUTE)}
    assert len(source.asked) <= 3


def test_a_late_minute_comes_with_the_next_one(catch_up: CatchUp, source: ListSource, publisher: ListPublisher) -> None:
    followed = coins(source, "BTC", minutes=3)
    late = source.rows["BTC"].pop()
    catch_up.run(followed, NOON, GO)
    assert len(publisher.minutes("BTC")) == 2
    source.rows["BTC"] += [late, make_candle(NOON)]
    catch_up.run(followed, NOON + MINUTE, GO)
    assert publisher.minutes("BTC") == [NOON + n * MINUTE for n in range(-3, 1)]
    assert not any(filled for page in publisher.pages for filled in page.filled or ())


def test_the_newest_minute_is_asked_for_again_until_it_is_there(
    catch_up: CatchUp, source: ListSource, publisher: ListPublisher, clock: ManualClock
) -> None:
    followed = coins(source, "BTC", "ETH", minutes=3)
    late = source.rows["ETH"].pop()
    catch_up.run(followed, NOON, GO)
    source.fail = lambda coin: source.rows["ETH"].append(late) if len(clock.waits) == 2 else None
    source.asked.clear()
    catch_up.await_newest(followed, NOON, GO)
    assert clock.waits == [1.0, 2.0]
    assert {coin for coin, _, _ in source.asked} == {"ETH"}
    assert publisher.minutes("ETH")[-1] == NOON - MINUTE


def test_waiting_for_the_newest_minute_has_an_end(catch_up: CatchUp, source: ListSource, clock: ManualClock) -> None:
    followed = coins(source, "BTC", minutes=3)
    source.rows["BTC"].pop()
    catch_up.run(followed, NOON, GO)
    catch_up.await_newest(followed, NOON, GO)
    assert clock.waits == [1.0, 2.0, 4.0]


def test_a_hiccup_is_waited_out_in_place(
    catch_up: CatchUp, source: ListSource, publisher: ListPublisher, hiccups: list[float]
) -> None:
    followed = coins(source, "BTC", "ETH", minutes=30 * 60)
    source.fail = lambda coin: failing("ETH")(coin) if len(hiccups) < 2 else None  # type: ignore[operator]
    catch_up.run(followed, NOON, GO)
    assert hiccups == [1.0, 2.0]
    hours = [page.open_time[0] // HOUR_MS for page in publisher.pages]
    assert hours == sorted(hours)
    assert len(publisher.minutes("ETH")) == 30 * 60


@pytest.mark.parametrize("error", [SourceRetry("no answer"), MarketTrouble("unknown market")])
def test_one_coin_s_trouble_is_not_the_others(
    catch_up: CatchUp, source: ListSource, publisher: ListPublisher, error: Exception
) -> None:
    followed = coins(source, "BTC", "BAD", "ETH", minutes=40 * 60)
    source.fail = failing("BAD", error=error)  # type: ignore[assignment]
    catch_up.run(followed, NOON, GO)
    assert [len(publisher.minutes(coin)) for coin in ("BTC", "BAD", "ETH")] == [40 * 60, 0, 40 * 60]
    assert [coin.failures for coin in followed] == [0, 1, 0]

    source.fail = lambda coin: None
    catch_up.run(followed, NOON, GO)
    assert len(publisher.minutes("BAD")) == 40 * 60
    assert followed[1].failures == 0


def test_coins_in_trouble_take_turns_after_the_others(
    catch_up: CatchUp, source: ListSource, publisher: ListPublisher
) -> None:
    followed = coins(source, "A", "B", "C", "GOOD", minutes=5)
    for coin in followed[:3]:
        coin.failures = 1
    source.fail = failing("A", "B", "C")  # type: ignore[assignment]
    catch_up.run(followed, NOON, GO)
    catch_up.run(followed, NOON, GO)
    assert [coin for coin, _, _ in source.asked] == ["GOOD", "A", "B", "C", "A"]
    assert len(publisher.minutes("GOOD")) == 5


def test_no_answer_for_two_coins_is_the_exchange(
    catch_up: CatchUp, source: ListSource, publisher: ListPublisher
) -> None:
    followed = coins(source, "BTC", "ETH", "XRP", minutes=40 * 60)
    source.fail = failing("BTC", "ETH", "XRP")  # type: ignore[assignment]
    with pytest.raises(SourceRetry):
        catch_up.run(followed, NOON, GO)
    assert {coin for coin, _, _ in source.asked} == {"BTC", "ETH"}
    assert [coin.failures for coin in followed] == [0, 0, 0]  # so that they all go on together
    assert publisher.pages == []


@pytest.mark.parametrize("error", [RateLimited("slow down"), SourceRefusal("geo-block")])
def test_a_ban_stops_everything_at_once(
    catch_up: CatchUp, source: ListSource, publisher: ListPublisher, clock: ManualClock, error: Exception
) -> None:
    followed = coins(source, "BTC", "ETH", "XRP", minutes=40 * 60)
    source.fail = failing("ETH", error=error)  # type: ignore[assignment]
    with pytest.raises(type(error)):
        catch_up.run(followed, NOON, GO)
    assert [coin for coin, _, _ in source.asked] == ["BTC", "ETH"]
    assert clock.waits == []
    assert publisher.pages == []  # 16 hours of one coin alone would move the stream's clock past the others


def test_inside_an_hour_what_came_before_the_ban_goes_out(
    catch_up: CatchUp, source: ListSource, publisher: ListPublisher
) -> None:
    followed = coins(source, "BTC", "ETH", minutes=1)
    source.fail = failing("ETH", error=RateLimited("slow down"))  # type: ignore[assignment]
    with pytest.raises(RateLimited):
        catch_up.run(followed, NOON, GO)
    assert publisher.minutes("BTC") == [NOON - MINUTE]
    assert publisher.sent[-1] is None  # flushed


def test_a_stop_ends_between_two_answers_and_loses_nothing(
    catch_up: CatchUp, source: ListSource, publisher: ListPublisher
) -> None:
    followed = coins(source, "BTC", "ETH", minutes=40 * 60)
    stop = threading.Event()
    source.fail = lambda coin: stop.set() if len(source.asked) == 3 else None  # in the second window
    catch_up.run(followed, NOON, stop)
    assert len(source.asked) == 3
    published = set(publisher.minutes("BTC"))
    assert max(published) < followed[0].next_minute
    catch_up.run(followed, NOON, GO)
    assert publisher.minutes("BTC") == [row.open_time for row in source.rows["BTC"]]
    assert publisher.minutes("ETH") == [row.open_time for row in source.rows["ETH"]]
