"""Every way in which the exchange can fail, met by the candle producer over HTTP."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta

import pytest

from newswake.clock import from_ms, to_ms
from newswake.messages import MINUTE_MS, CandlePage
from newswake.settings import Candles, Settings
from producers.candles.exchange import CcxtExchange
from producers.candles.loop import CandleLoop
from producers.simulator.world import Pair
from tests.unit.candles.fakes import Listed, ListPublisher
from tests.unit.faults.stand import LONG_TIMEOUT, NOW, SLOW, Elsewhere, Stand, timeout_for

HOURS = 3600.0


class Producer:
    """The candle producer with everything but the broker. Each `run` goes on where the last one ended."""

    def __init__(self, stand: Stand, timeout_seconds: float = LONG_TIMEOUT) -> None:
        self.stand, self.publisher = stand, ListPublisher()
        candles = Candles(
            coins=("BTC", "ETH"), base_url=f"{stand.url}/api/v3", backfill_hours=1, timeout_seconds=timeout_seconds
        )
        source = CcxtExchange(candles, stand.clock)
        source._client.enableRateLimit = False  # its waits are in real time
        settings = Settings(home=stand.home, candles=candles)
        chance = random.Random(1)
        self.loop = CandleLoop(
            settings,
            Listed(candles.coins),
            source,
            self.publisher,
            self._on_topic,
            stand.board,
            stand.clock,
            chance,
            idle_seconds=0.0,
        )

    def _on_topic(self, coins: object, now_ms: int) -> dict[str, CandlePage]:
        return {page.symbol: page for page in self.publisher.pages}

    def run(self, seconds: float) -> None:
        self.loop.run(self.stand.begin(seconds))

    def assert_complete(self, *coins: str) -> None:
        """Each coin has every minute that was over at the last round, as the world has it, once and final."""
        until = to_ms(self.stand.clock.now()) - 3 * MINUTE_MS
        for coin in coins or ("BTC", "ETH"):
            rows: dict[int, tuple[float, float]] = {}
            for page in self.publisher.pages:
                if page.symbol == coin:
                    for at, time in enumerate(page.open_time):
                        assert time not in rows, "published twice"
                        if not (page.filled and page.filled[at]):
                            rows[time] = (page.close[at], page.volume[at])
            first = to_ms(NOW) // MINUTE_MS * MINUTE_MS - 60 * MINUTE_MS
            block = self.stand.world.market.block(Pair(coin, "USDT"), first, until)
            served = zip(block.close.tolist(), block.volume.tolist(), strict=True)
            expected = dict(zip(block.open_time.tolist(), served, strict=True))
            assert {time: row for time, row in rows.items() if time <= until} == expected


@pytest.fixture
def producer(stand: Stand) -> Producer:
    return Producer(stand)


FAULTS = [
    ("429", {}, "waiting", "slow down .*429", 60),
    ("429", {"retry_after": 900}, "waiting", "slow down .*429", 900),
    ("418", {}, "waiting", "slow down .*418", 120),
    ("418", {"retry_after": 1800}, "waiting", "slow down .*418", 1800),
    ("401", {}, "stopped", "refuses us", HOURS),
    ("403", {}, "waiting", "HTTP 403", 1),
    ("403", {"retry_after": 600}, "waiting", "HTTP 403", 600),
    ("451", {}, "stopped", "HTTP 451.*candles.exchange", HOURS),
    ("500", {}, "waiting", "HTTP 500", 1),
    ("503", {}, "waiting", "HTTP 503", 1),
    ("html", {}, "waiting", "an HTML page", 1),
    ("truncated", {}, "waiting", "broke off", 1),
    ("cut", {}, "waiting", "cut short", 1),
    ("empty", {}, "waiting", "no JSON", 1),
    ("timeout", {"seconds": 2.0}, "waiting", "did not answer within 0.5 s", 1),
    ("drip", {"seconds": 60}, "waiting", "did not answer within 0.5 s", 1),
    ("drip_headers", {"seconds": 60}, "waiting", "did not answer within 0.5 s", 1),
    ("dropped", {}, "waiting", "cannot be reached or broke off", 1),
    ("redirect", {"location": "ELSEWHERE"}, "waiting", "redirects to another address", 1),
    ("clock", {"seconds": 3 * HOURS}, "waiting", "clock is 3.0 h ahead of ours", 1),
]


@pytest.mark.parametrize(("mode", "more", "condition", "said", "least_pause"), FAULTS)
def test_a_fault_is_a_state_no_busy_loop_and_no_gap(
    stand: Stand,
    elsewhere: Elsewhere,
    mode: str,
    more: dict[str, object],
    condition: str,
    said: str,
    least_pause: float,
) -> None:
    producer, outage = Producer(stand, timeout_for(mode)), 30 if mode in SLOW else 400
    producer.run(130)
    assert stand.state("candles.binance")["condition"] == "ok"
    published, asked, good_rows = len(producer.publisher.pages), len(stand.simulator.asked), len(stand.ledger.rows)
    good_until = stand.ledger.rows[-1].polled_at
    stand.fault("/api/v3", mode, **{**more, **({"location": elsewhere.url} if mode == "redirect" else {})})

    began = stand.clock.now()
    producer.run(outage)
    state = stand.state("candles.binance")
    assert state["condition"] == condition
    assert re.search(said, state["reason"]), state
    assert state["last_ok_at"] == good_until.isoformat(timespec="seconds").replace("+00:00", "Z")
    bad = stand.ledger.rows[good_rows:]
    elapsed = (stand.clock.now() - began).total_seconds()
    # Once a refusal, else 2, 4, 8 … at most 120 seconds apart (of which half may be taken off).
    assert 1 <= len(stand.simulator.asked) - asked <= 6 + elapsed / 60 + 2
    assert len(stand.simulator.asked) - asked <= 1 + elapsed / least_pause
    assert len(bad) == len(stand.simulator.asked) - asked
    assert all(not row.ok and re.search(said, row.reason or "") for row in bad)
    gaps = [row.gap_seconds or 0.0 for row in bad]
    assert gaps == sorted(gaps) and gaps[-1] == (bad[-1].polled_at - good_until).total_seconds()
    next_try = datetime.fromisoformat(state["next_try_at"])
    assert next_try >= bad[-1].polled_at + timedelta(seconds=least_pause)
    assert len(producer.publisher.pages) == published, "what a failing source said was published"
    assert elsewhere.asked == []

    stand.cure()
    producer.run(130)
    assert stand.state("candles.binance")["condition"] == "ok"
    producer.assert_complete()
    back = stand.ledger.rows[good_rows + len(bad)]
    assert back.ok and back.reason is None
    assert back.gap_seconds == (back.polled_at - good_until).total_seconds() >= outage
    assert back.covered_from == from_ms(to_ms(good_until) // MINUTE_MS * MINUTE_MS)
    assert back.covered_until == from_ms(to_ms(back.polled_at) // MINUTE_MS * MINUTE_MS)


def test_nobody_listens(stand: Stand, producer: Producer) -> None:
    producer.run(130)
    stand.fault("/", "refused", seconds=1.0)
    tries = len(stand.ledger.rows)
    producer.run(400)
    state = stand.state("candles.binance")
    assert (state["condition"], "cannot be reached" in state["reason"]) == ("waiting", True)
    assert 1 <= len(stand.ledger.rows) - tries <= 14
    stand.simulator.stopping.wait(1.3)  # it listens again
    producer.run(130)
    assert stand.state("candles.binance")["condition"] == "ok"
    producer.assert_complete()


def test_empty_lists_for_hours_are_told_and_filled_when_they_are_over(stand: Stand, producer: Producer) -> None:
    producer.run(130)
    stand.fault("/api/v3/klines", "nothing")
    asked = len(stand.simulator.asked)
    producer.run(3 * HOURS)
    assert stand.state("candles.binance.coins")["reason"] == "no new candles of BTC, ETH"
    assert stand.ledger.rows[-1].not_covered == ("BTC", "ETH")
    assert len(stand.simulator.asked) - asked <= 200 * 8  # a few requests a minute
    stand.cure()
    producer.run(130)
    assert stand.state("candles.binance.coins")["condition"] == "ok"
    assert stand.ledger.rows[-1].not_covered == ()
    producer.assert_complete()


def test_a_clock_that_is_behind_is_told_and_nothing_is_lost(stand: Stand, producer: Producer) -> None:
    producer.run(130)
    stand.fault("/api/v3/time", "clock", seconds=-3 * HOURS)
    asked = len(stand.simulator.asked)
    producer.run(600)
    assert "3.0 h behind ours" in stand.state("candles.binance.clock")["reason"]
    assert len(stand.simulator.asked) - asked < 40
    stand.cure()
    producer.run(130)
    assert stand.state("candles.binance.clock")["condition"] == "ok"
    producer.assert_complete()


def test_a_delisted_coin_holds_nobody_back_and_comes_back(stand: Stand, producer: Producer) -> None:
    producer.run(130)
    stand.fault("/api/v3", "delisted", symbol="ETHUSDT")
    asked = len(stand.simulator.asked)
    producer.run(600)
    assert stand.state("candles.binance")["condition"] == "ok"
    assert stand.state("candles.binance.coins")["reason"] == "no new candles of ETH"
    assert stand.ledger.rows[-1].not_covered == ("ETH",)
    assert len(stand.simulator.asked) - asked < 60
    producer.assert_complete("BTC")
    producer.run(1 * HOURS + 60)
    assert stand.state("candles.binance.markets")["condition"] == "stopped"
    assert "ETH" in stand.state("candles.binance.markets")["reason"]
    assert stand.ledger.rows[-1].not_covered == ("ETH",)
    of_coin = [request for request in stand.simulator.asked if request.query.get("symbol") == "ETHUSDT"]
    stand.cure()
    producer.run(1 * HOURS + 60)
    assert stand.state("candles.binance.markets")["condition"] == "ok"
    assert len(of_coin) < 100
    producer.assert_complete()
