from __future__ import annotations

from datetime import timedelta
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.grid import PriceGrid, grid_of, minute_after, minute_of, moment_of
from analysis.since_seen import SinceSeen, since_first_seen
from analysis.usual import usual_moves
from tests.unit.analysis.made import after, candle_frame, candles, closes_with_gaps


@settings(max_examples=40)
@given(closes_with_gaps, st.integers(-5, 130), st.integers(0, 30))
def test_usual_moves_are_those_of_plain_python(closes: list[float | None], now: int, horizon: int) -> None:
    (found,) = usual_moves(candle_frame(candles(closes)), "BTC", after(now + 0.5), [horizon], days=1)
    at = {minute: close for minute, close in enumerate(closes, start=1) if close is not None}
    moves = [
        abs(at[start + horizon] / price - 1)
        for start, price in at.items()
        if start + horizon in at and start + horizon <= now
    ]
    assert found.minutes == len(moves)
    assert found.move == (pytest.approx(median(moves)) if moves else None)


def test_only_the_last_days_count() -> None:
    closes: list[float | None] = [100.0 if i % 2 else 110.0 for i in range(1_440)]
    rows = candle_frame([*candles(closes), *candles([100.0] * 1_440, first=1_440)])
    assert usual_moves(rows, "BTC", after(2_880), [1], days=1)[0].move == 0
    assert usual_moves(rows, "BTC", after(1_440), [1], days=1)[0].move == pytest.approx(1 / 11)


@settings(max_examples=40)
@given(closes_with_gaps, st.integers(0, 120))
def test_what_comes_later_changes_no_usual_move(closes: list[float | None], now: int) -> None:
    then = candle_frame(candles(closes[:now]))
    assert usual_moves(candle_frame(candles(closes)), "BTC", after(now), [1, 5]) == usual_moves(
        then, "BTC", after(now), [1, 5]
    )


def test_minutes_of_the_grid() -> None:
    assert moment_of(minute_of(after(7.9))) == after(7)
    assert moment_of(minute_after(after(7.1))) == moment_of(minute_after(after(8))) == after(8)


def test_the_grid_looks_up_closes() -> None:
    grid = grid_of(candle_frame([*candles([1.0, None, 3.0]), *candles([9.0], "ETH")]), "BTC")
    first = minute_of(after(1))
    assert (grid.first, grid.last) == (first, first + 2)
    assert [grid.price(first + i) for i in (-1, 0, 1, 2, 3)] == [None, 1.0, None, 3.0, None]
    assert [grid.newest(first + i) for i in (-1, 0, 1, 2, 9)] == [None, first, first, first + 2, first + 2]
    assert [grid.next(first + i) for i in (-9, 0, 1, 2, 3)] == [first, first, first + 2, first + 2, None]
    nothing: PriceGrid = grid_of(candle_frame([]), "BTC")
    assert (nothing.newest(5), nothing.next(5), nothing.price(5)) == (None, None, None)


def since(seen: float, now: float, closes: list[float | None]) -> SinceSeen:
    return since_first_seen(candle_frame(candles(closes)), "BTC", after(2.4), after(seen), after(now), [0, 1, 5])


def test_a_reader_gets_the_first_close_after_seeing() -> None:
    closes: list[float | None] = [10, 11, 12, 13, 14, 15, 16, 17]  # close i is at minute i + 1
    found = since(2.6, 8, closes)
    assert (found.entry_time, found.entry_price) == (after(3), 12)
    assert (found.last_time, found.last_price, found.value) == (after(8), 17, pytest.approx(17 / 12 - 1))
    assert found.by_horizon == ((0, None), (1, 0), (5, pytest.approx(16 / 12 - 1)))


def test_what_is_not_past_yet_is_not_known() -> None:
    closes: list[float | None] = [10, 11, 12, 13, 14, 15, 16, 17]
    found = since(2.6, 4, closes)
    assert (found.last_time, found.value) == (after(4), pytest.approx(13 / 12 - 1))
    assert found.by_horizon == ((0, None), (1, 0), (5, None))
    assert since(5.5, 5.9, closes).entry_time is None


def test_a_gap_when_it_was_seen_is_waited_for() -> None:
    found = since(2.6, 8, [10, 11, None, None, 14, 15, None, None])
    assert (found.entry_time, found.last_time) == (after(5), after(6))
    assert found.by_horizon == ((0, None), (1, None), (5, None))


def test_nothing_to_be_had() -> None:
    assert since(2.6, 8, []).by_horizon == ((0, None), (1, None), (5, None))
    assert since(9, 20, [10, 11]).value is None


def test_days_are_of_24_hours() -> None:
    assert minute_of(after(0) + timedelta(days=7)) - minute_of(after(0)) == 7 * 1_440
