"""Rows of an exchange as candles."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from producers.candles.candle import parse_rows
from producers.candles.market import Market
from producers.candles.pages import to_pages
from tests.unit.candles.fakes import MINUTE, NOON, make_kline

SHARED = Path(os.environ.get("NEWSWAKE_TEST_SHARED") or Path(__file__).resolve().parents[3].parent / "shared")
RECORDED = SHARED / "data" / "api_samples" / "binance_api_v3_klines_BTCUSDT_1m_2021-10-22_last_open.json"


def test_a_kline_keeps_trades_and_taker_buy_volume() -> None:
    candles, refused = parse_rows([make_kline(NOON, close=101.5, volume=2.0, trades=7)])
    assert refused == 0
    assert (candles[0].close, candles[0].volume, candles[0].trades, candles[0].taker_buy_volume) == (101.5, 2, 7, 0.5)


@pytest.mark.parametrize(("trades", "taker"), [("-1", "-0.5"), (10**30, "inf"), (2**63, "nan")])
def test_a_kline_whose_trades_cannot_be_keeps_its_price(trades: object, taker: str) -> None:
    row = make_kline(NOON, close=101.5)
    row[8], row[9] = trades, taker
    candles, refused = parse_rows([row])
    assert refused == 0
    assert (candles[0].close, candles[0].trades, candles[0].taker_buy_volume) == (101.5, None, None)
    (page,) = to_pages(Market("BTC", "USDT"), "binance", NOON, candles)
    assert b'"trades"' not in page.to_json()


def test_a_unified_row_has_neither() -> None:
    candles, _ = parse_rows([[NOON, 1.0, 2.0, 0.5, 1.5, 9.0]])
    assert (candles[0].high, candles[0].low, candles[0].trades, candles[0].taker_buy_volume) == (2.0, 0.5, None, None)


def test_rows_are_sorted_and_the_last_row_of_a_minute_wins() -> None:
    rows = [make_kline(NOON + MINUTE, 2), make_kline(NOON, 1), make_kline(NOON, 3)]
    candles, _ = parse_rows(rows)
    assert [(candle.open_time, candle.close) for candle in candles] == [(NOON, 3), (NOON + MINUTE, 2)]


@pytest.mark.parametrize(
    "row",
    [
        [None] * 6,
        [NOON, None, 2, 1, 1, 0],
        [NOON, "nan", 2, 1, 1, 0],
        [NOON, 1, "inf", 1, 1, 0],
        [NOON, 0, 2, 1, 1, 0],
        [NOON, 1, 1, 2, 1, 0],
        [NOON, 1, 2, 1, 1, -1],
        [NOON + 1, 1, 2, 1, 1, 1],
        [-MINUTE, 1, 2, 1, 1, 1],
        [NOON, 1, 2, 1],
        "<html>",
        None,
        {"open": 1},
    ],
)
def test_a_row_that_is_no_minute_is_refused(row: object) -> None:
    candles, refused = parse_rows([row, make_kline(NOON)])
    assert ([candle.open_time for candle in candles], refused) == ([NOON], 1)


@pytest.mark.skipif(not RECORDED.is_file(), reason=f"the recorded answers are not at {SHARED}")
def test_the_recorded_answer() -> None:
    rows = json.loads(RECORDED.read_text())
    candles, refused = parse_rows(rows)
    assert (len(candles), refused) == (len(rows), 0)
    assert [candle.trades for candle in candles] == [row[8] for row in rows]
    assert sum(candle.close for candle in candles) == pytest.approx(sum(float(row[4]) for row in rows))
