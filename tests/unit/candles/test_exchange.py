"""The adapter against an HTTP server: what it asks, and what it makes of every bad answer."""

from __future__ import annotations

import json
import os
import threading
from datetime import timedelta
from pathlib import Path

import ccxt
import pytest

from newswake.clock import ManualClock
from newswake.errors import SettingsError, SourceRefusal, SourceRetry
from newswake.settings import Candles
from producers.candles.answers import RateLimited
from producers.candles.exchange import CcxtExchange
from producers.candles.market import Market
from producers.candles.source import MarketTrouble
from tests.unit.candles.fakes import MINUTE, NOON, Answer, FakeBinance, make_kline

BTC = Market("BTC", "USDT")
SAMPLES = (
    Path(os.environ.get("NEWSWAKE_TEST_SHARED") or Path(__file__).resolve().parents[3].parent / "shared")
    / "data"
    / "api_samples"
)


@pytest.fixture
def adapter(exchange: FakeBinance, clock: ManualClock) -> CcxtExchange:
    exchange.klines["BTCUSDT"] = [make_kline(NOON + n * MINUTE, 3000 + n) for n in range(-2000, 5)]
    source = CcxtExchange(Candles(base_url=exchange.base_url, timeout_seconds=5.0), clock)
    source.markets(["BTC"])
    exchange.asked.clear()
    return source


def test_only_the_exchange_s_spot_list_is_asked_for(exchange: FakeBinance, clock: ManualClock) -> None:
    exchange.symbols += [("XMR", "USDC", "TRADING"), ("SOL", "USDT", "BREAK"), ("ADA", "EUR", "TRADING")]
    found = CcxtExchange(Candles(base_url=exchange.base_url), clock).markets(["BTC", "XMR", "SOL", "ADA", "NO"])
    assert exchange.asked == ["exchangeInfo"]
    assert found == {"BTC": BTC, "XMR": Market("XMR", "USDC"), "SOL": None, "ADA": None, "NO": None}


def test_the_exchange_s_clock(adapter: CcxtExchange, exchange: FakeBinance) -> None:
    exchange.now_ms = NOON + 12_345
    assert adapter.now_ms() == NOON + 12_345


def test_candles_with_trades_and_without_what_was_not_asked_for(adapter: CcxtExchange) -> None:
    candles = adapter.candles(BTC, NOON, NOON + 3 * MINUTE)
    assert [(candle.open_time, candle.close) for candle in candles] == [(NOON + n * MINUTE, 3000 + n) for n in range(3)]
    assert (candles[0].trades, candles[0].taker_buy_volume) == (3, 0.5)


def test_more_rows_than_one_answer_holds(adapter: CcxtExchange, exchange: FakeBinance) -> None:
    candles = adapter.candles(BTC, NOON - 1500 * MINUTE, NOON)
    assert [candle.open_time for candle in candles] == [NOON + n * MINUTE for n in range(-1500, 0)]
    assert exchange.asked == ["klines", "klines"]


def test_a_part_without_rows_does_not_hide_what_follows(adapter: CcxtExchange) -> None:
    start = NOON - 4000 * MINUTE
    assert len(adapter.candles(BTC, start, NOON)) == 2000


def test_rows_of_nulls_are_minutes_that_were_not_given(adapter: CcxtExchange, exchange: FakeBinance) -> None:
    exchange.klines["BTCUSDT"] = [make_kline(NOON), [NOON + MINUTE, *[None] * 11], make_kline(NOON + 2 * MINUTE)]
    assert len(adapter.candles(BTC, NOON, NOON + 3 * MINUTE)) == 2


@pytest.mark.parametrize("status", [429, 418])
def test_slow_down_for_as_long_as_the_exchange_says(
    adapter: CcxtExchange, exchange: FakeBinance, clock: ManualClock, status: int
) -> None:
    exchange.answers.append(Answer(status, '{"code": -1003}', {"Retry-After": "37"}))
    with pytest.raises(RateLimited, match=str(status)) as caught:
        adapter.candles(BTC, NOON, NOON + MINUTE)
    assert caught.value.retry_at == clock.now() + timedelta(seconds=37)


@pytest.mark.parametrize("header", [{}, {"Retry-After": "soon"}, {"Retry-After": ""}])
@pytest.mark.parametrize(("status", "seconds"), [(429, 60), (418, 120)])
def test_slow_down_without_a_time(
    adapter: CcxtExchange, exchange: FakeBinance, clock: ManualClock, header: dict[str, str], status: int, seconds: int
) -> None:
    exchange.answers.append(Answer(status, "<html>", header))
    with pytest.raises(RateLimited) as caught:
        adapter.candles(BTC, NOON, NOON + MINUTE)
    assert caught.value.retry_at == clock.now() + timedelta(seconds=seconds)


def test_a_geo_block_is_for_good(adapter: CcxtExchange, exchange: FakeBinance) -> None:
    exchange.answers.append(Answer(451, '{"code": 0, "msg": "restricted location"}'))
    with pytest.raises(SourceRefusal, match=r"451.*candles\.exchange"):
        adapter.candles(BTC, NOON, NOON + MINUTE)


HTML = "<!DOCTYPE html><html><body>Just a moment</body></html>"
CUT = json.dumps([make_kline(NOON), make_kline(NOON + MINUTE)])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(200, HTML, {"Content-Type": "text/html"}), "an HTML page"),
        (Answer(200, CUT[:-30]), "cut short"),
        (Answer(200, CUT[: CUT.index("]") + 1]), "cut short"),
        (Answer(200, CUT[:30], promised_bytes=len(CUT)), "broke off"),
        (Answer(200, ""), "cut short"),
        (Answer(200, '{"rows": []}'), "something else than rows"),
        (Answer(200, json.dumps([[None] * 12])), "no candles"),
        (Answer(200, '["a", 1]'), "no candles"),
        (Answer(403, HTML), "HTTP 403"),
        (Answer(500, '{"code": -1001}'), "HTTP 500"),
        (Answer(503, ""), "HTTP 503"),
        (Answer(404, HTML), "an HTML page"),
        (Answer(400, '{"code": -1100, "msg": "Illegal characters"}'), "an error"),
    ],
)
def test_what_may_be_asked_again(adapter: CcxtExchange, exchange: FakeBinance, answer: Answer, reason: str) -> None:
    exchange.answers.append(answer)
    with pytest.raises(SourceRetry, match=reason) as caught:
        adapter.candles(BTC, NOON, NOON + MINUTE)
    assert not isinstance(caught.value, RateLimited)
    assert "http:" not in str(caught.value)
    assert len(adapter.candles(BTC, NOON, NOON + MINUTE)) == 1


@pytest.mark.parametrize("body", [HTML, CUT[:-30], "[]", "{}", '{"symbols": []}', '{"symbols": [null]}', "7"])
def test_a_bad_list_of_markets_is_not_a_list_without_our_coins(
    exchange: FakeBinance, clock: ManualClock, body: str
) -> None:
    source = CcxtExchange(Candles(base_url=exchange.base_url), clock)
    exchange.answers.append(Answer(200, body))
    with pytest.raises(SourceRetry):
        source.markets(["BTC"])
    assert source.markets(["BTC"]) == {"BTC": BTC}


@pytest.mark.parametrize("body", ["{}", '{"serverTime": null}', '{"serverTime": "soon"}', "[]", "null", HTML])
def test_a_bad_time(adapter: CcxtExchange, exchange: FakeBinance, body: str) -> None:
    exchange.answers.append(Answer(200, body))
    with pytest.raises(SourceRetry):
        adapter.now_ms()


def test_a_time_out(exchange: FakeBinance, clock: ManualClock) -> None:
    source = CcxtExchange(Candles(base_url=exchange.base_url, timeout_seconds=0.2), clock)
    over = threading.Event()
    exchange.answers.append(Answer(after=over))
    try:
        with pytest.raises(SourceRetry, match=r"0\.2 s .*candles\.timeout_seconds"):
            source.now_ms()
    finally:
        over.set()


def test_nobody_there(exchange: FakeBinance, clock: ManualClock) -> None:
    source = CcxtExchange(Candles(base_url="http://127.0.0.1:1/api/v3"), clock)
    with pytest.raises(SourceRetry, match="cannot be reached"):
        source.now_ms()


def test_an_unknown_market_is_that_market_s_trouble(adapter: CcxtExchange, exchange: FakeBinance) -> None:
    del exchange.klines["BTCUSDT"]
    with pytest.raises(MarketTrouble, match="BTC/USDT"):
        adapter.candles(BTC, NOON, NOON + MINUTE)


def test_another_exchange_through_its_unified_rows(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kraken gives at most 720 rows and ignores an early start; its rows have six columns."""
    asked: list[tuple[object, ...]] = []

    def fetch_ohlcv(self: object, *arguments: object) -> list[list[float]]:
        asked.append(arguments)
        return [[NOON + n * MINUTE, 1, 1, 1, 1, 0] for n in range(3)]

    markets = {"BTC/USD": {"spot": True, "active": None}}
    monkeypatch.setattr(ccxt.kraken, "fetch_ohlcv", fetch_ohlcv)
    monkeypatch.setattr(ccxt.kraken, "load_markets", lambda self, reload: markets)
    monkeypatch.setattr(ccxt.kraken, "feature_value", lambda *_: 720)
    source = CcxtExchange(Candles(exchange="kraken"), clock)
    market = source.markets(["BTC"])["BTC"]
    assert market == Market("BTC", "USD")
    candles = source.candles(market, NOON, NOON + 2 * MINUTE)
    assert [(candle.open_time, candle.trades) for candle in candles] == [(NOON, None), (NOON + MINUTE, None)]
    assert asked == [("BTC/USD", "1m", NOON, 3)]


def test_an_empty_answer_is_about_the_part_that_one_answer_covers(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coinbase answers for `limit` minutes after the start, and with nothing when there was no trade in them."""
    traded = [NOON, NOON + 700 * MINUTE]

    def fetch_ohlcv(self: object, symbol: str, timeframe: str, since: int, limit: int) -> list[list[float]]:
        return [[time, 1, 1, 1, 1, 1] for time in traded if since <= time < since + limit * MINUTE]

    monkeypatch.setattr(ccxt.coinbase, "fetch_ohlcv", fetch_ohlcv)
    monkeypatch.setattr(ccxt.coinbase, "feature_value", lambda *_: 300)
    candles = CcxtExchange(Candles(exchange="coinbase"), clock).candles(BTC, NOON, NOON + 960 * MINUTE)
    assert [candle.open_time for candle in candles] == traded


def test_a_clock_without_a_time_endpoint(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ccxt.gemini, "load_markets", lambda self, reload: {"BTC/USD": {"spot": True}})
    monkeypatch.setattr(ccxt.gemini, "fetch_ohlcv", lambda *_: [[NOON, 1, 1, 1, 1, 0]])
    source = CcxtExchange(Candles(exchange="gemini"), clock)
    source.markets(["BTC"])
    assert source.now_ms() == NOON


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (Candles(exchange="binanse"), "did you mean binance"),
        (Candles(exchange="alpaca", base_url="http://127.0.0.1:1"), "base_url"),
    ],
)
def test_settings_that_cannot_work(settings: Candles, reason: str, clock: ManualClock) -> None:
    with pytest.raises(SettingsError, match=reason):
        CcxtExchange(settings, clock)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the recorded answers are not at {SAMPLES}")
def test_the_recorded_answers(exchange: FakeBinance, clock: ManualClock) -> None:
    info = (SAMPLES / "binance_api_v3_exchangeInfo_2021-10-22_BTC_ETH.json").read_text()
    klines = (SAMPLES / "binance_api_v3_klines_BTCUSDT_1m_2021-10-22_last_open.json").read_text()
    exchange.answers.extend([Answer(body=info), Answer(body=klines)])
    source = CcxtExchange(Candles(base_url=exchange.base_url), clock)
    assert source.markets(["BTC", "ETH"]) == {"BTC": BTC, "ETH": Market("ETH", "USDT")}
    rows = json.loads(klines)
    candles = source.candles(BTC, rows[0][0], rows[-1][0])
    assert [candle.open_time for candle in candles] == [row[0] for row in rows[:-1]]  # the last one is still open
