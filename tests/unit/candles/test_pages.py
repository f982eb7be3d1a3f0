"""Carried minutes, and pages of one hour each."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswake.messages import HOUR_MS
from producers.candles.candle import Candle
from producers.candles.market import Market
from producers.candles.pages import Tail, carry, to_pages
from tests.unit.candles.fakes import MINUTE, NOON, make_candle

BTC = Market("BTC", "USDT")


def quiet(open_time: int, close: float) -> Candle:
    return make_candle(open_time, close, volume=0.0, trades=0)


def test_a_short_gap_is_carried_forward_from_the_last_close() -> None:
    rows = [make_candle(NOON, 7.0), make_candle(NOON + 3 * MINUTE, 8.0)]
    candles, tail = carry(None, rows, max_filled=5)
    added = candles[1:3]
    assert [candle.open_time for candle in added] == [NOON + MINUTE, NOON + 2 * MINUTE]
    for candle in added:
        assert (candle.open, candle.high, candle.low, candle.close) == (7.0, 7.0, 7.0, 7.0)
        assert (candle.volume, candle.trades, candle.taker_buy_volume, candle.filled) == (0.0, 0, 0.0, True)
    assert tail == Tail(rows[1])


def test_an_added_minute_has_no_trade_count_where_the_exchange_gives_none() -> None:
    rows = [Candle(NOON, 1, 1, 1, 1, 1), Candle(NOON + 2 * MINUTE, 1, 1, 1, 1, 1)]
    candles, _ = carry(None, rows, max_filled=5)
    assert (candles[1].filled, candles[1].trades, candles[1].taker_buy_volume) == (True, None, None)


def test_a_longer_gap_stays_a_gap() -> None:
    rows = [make_candle(NOON), make_candle(NOON + 7 * MINUTE)]
    assert carry(None, rows, max_filled=5)[0] == rows
    assert len(carry(None, rows, max_filled=6)[0]) == 8


def test_nothing_is_added_after_the_last_row() -> None:
    """The exchange may still give what is not there yet."""
    candles, tail = carry(Tail(make_candle(NOON)), [], max_filled=5)
    assert (candles, tail) == ([], Tail(make_candle(NOON)))


def test_a_gap_is_closed_from_the_tail_of_an_earlier_answer() -> None:
    candles, _ = carry(Tail(make_candle(NOON, 9.0)), [make_candle(NOON + 2 * MINUTE)], max_filled=5)
    assert (candles[0].open_time, candles[0].close) == (NOON + MINUTE, 9.0)


def test_what_the_tail_covers_is_left_out() -> None:
    rows = [make_candle(NOON - MINUTE), make_candle(NOON), make_candle(NOON + MINUTE)]
    assert carry(Tail(make_candle(NOON)), rows, max_filled=5)[0] == rows[2:]


def test_a_minute_that_the_exchange_carried_is_marked() -> None:
    candles, tail = carry(None, [make_candle(NOON, 5.0), quiet(NOON + MINUTE, 5.0)], max_filled=5)
    assert [candle.filled for candle in candles] == [False, True]
    assert tail is not None
    assert tail.carried == 1


@pytest.mark.parametrize(
    "row",
    [
        make_candle(NOON + MINUTE, 5.0, volume=0.0, trades=2),
        make_candle(NOON + MINUTE, 5.0, volume=1.0, trades=0),
        quiet(NOON + MINUTE, 6.0),
        replace(quiet(NOON + MINUTE, 5.0), high=5.5),
    ],
)
def test_a_minute_with_trades_or_another_price_is_not(row: Candle) -> None:
    assert [candle.filled for candle in carry(None, [make_candle(NOON, 5.0), row], 5)[0]] == [False, False]


def test_the_exchange_s_own_carried_minutes_count() -> None:
    rows = [make_candle(NOON), *(quiet(NOON + n * MINUTE, 100.0) for n in (1, 2, 3)), make_candle(NOON + 7 * MINUTE)]
    assert len(carry(None, rows, max_filled=5)[0]) == 5  # three carried and three absent are more than five
    assert len(carry(None, rows, max_filled=6)[0]) == 8


def test_pages_never_cross_an_hour() -> None:
    candles = [make_candle(NOON + n * MINUTE) for n in range(58, 63)]
    pages = to_pages(BTC, "binance", NOON, candles)
    assert [len(page.open_time) for page in pages] == [2, 3]
    assert (pages[0].symbol, pages[0].quote, pages[0].exchange, pages[0].seen_at) == ("BTC", "USDT", "binance", NOON)


def test_columns_that_the_exchange_does_not_give_are_left_out() -> None:
    page = to_pages(BTC, "kraken", NOON, [Candle(NOON, 1, 1, 1, 1, 1)])[0]
    assert b"trades" not in page.to_json()
    assert b'"trades":[3]' in to_pages(BTC, "binance", NOON, [make_candle(NOON)])[0].to_json()


minutes = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from([1.0, 2.0]), st.booleans()), unique_by=lambda row: row[0]
)


@given(minutes, st.integers(0, 8), st.integers(0, 200))
def test_any_rows_in_any_two_answers(rows: list[tuple[int, float, bool]], max_filled: int, cut: int) -> None:
    """Times rise, rows stay, only short gaps are closed, and two answers give what one gives."""
    given_rows = [
        quiet(NOON + at * MINUTE, close) if is_quiet else make_candle(NOON + at * MINUTE, close)
        for at, close, is_quiet in sorted(rows)
    ]
    candles, tail = carry(None, given_rows, max_filled)
    times = [candle.open_time for candle in candles]
    assert times == sorted(set(times))
    rows_by_time = {row.open_time: row for row in given_rows}
    for at, candle in enumerate(candles):
        row = rows_by_time.pop(candle.open_time, None)
        if row is None:
            assert candle.filled
            assert candle.close == candles[at - 1].close
        else:
            assert replace(candle, filled=False) == row
    assert not rows_by_time
    for before, after in itertools.pairwise(given_rows):
        absent = set(range(before.end, after.open_time, MINUTE))
        assert not absent & set(times) or (absent <= set(times) and len(absent) <= max_filled)

    early = [row for row in given_rows if row.open_time < NOON + cut * MINUTE]
    first, middle = carry(None, early, max_filled)
    second, end = carry(middle, given_rows, max_filled)
    assert (first + second, end) == (candles, tail)

    pages = to_pages(BTC, "binance", NOON, candles)
    assert [time for page in pages for time in page.open_time] == times
    assert len(pages) == len({time // HOUR_MS for time in times})
