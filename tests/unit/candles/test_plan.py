"""What is asked for, and when it is given up."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswake.clock import from_ms
from newswake.messages import HOUR_MS
from producers.candles import pace
from producers.candles.plan import LATE_MS, next_minute, windows
from tests.unit.candles.fakes import MINUTE, NOON


@given(st.integers(0, 5_000), st.integers(0, 5_000), st.integers(1, 20))
def test_windows_cover_everything_once_and_end_on_the_hour(start: int, length: int, hours: int) -> None:
    first, until = NOON + start * MINUTE, NOON + (start + length) * MINUTE
    pieces = list(windows(first, until, hours))
    assert sum(end - begin for begin, end in pieces) == until - first
    assert all(0 < end - begin <= hours * HOUR_MS for begin, end in pieces)
    assert all(end % HOUR_MS == 0 for _, end in pieces[:-1])
    assert [begin for begin, _ in pieces[1:]] == [end for _, end in pieces[:-1]]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (NOON - MINUTE, NOON),  # all there
        (NOON - 3 * MINUTE, NOON - 2 * MINUTE),  # the last two may still come
        (NOON - LATE_MS - 30 * MINUTE, NOON - LATE_MS),  # what is over for so long will not
        (None, NOON - LATE_MS),
    ],
)
def test_absent_minutes_are_asked_for_again_for_some_hours(last: int | None, expected: int) -> None:
    assert next_minute(NOON - 2 * LATE_MS, NOON, last, until=NOON) == expected


def test_a_coin_never_goes_back() -> None:
    assert next_minute(NOON - 10 * MINUTE, NOON - 5 * MINUTE, None, until=NOON) == NOON - 10 * MINUTE


def test_an_old_window_without_candles_is_done() -> None:
    assert next_minute(NOON - 48 * HOUR_MS, NOON - 32 * HOUR_MS, None, until=NOON) == NOON - 32 * HOUR_MS


@given(st.integers(1, 2_000), st.integers())
def test_backoff_is_bounded_and_never_zero(failures: int, seed: int) -> None:
    longest = min(2.0 ** min(failures, 30), 120.0)
    assert longest / 2 <= pace.backoff_seconds(failures, random.Random(seed)) <= longest


def test_the_named_moment_wins_over_the_backoff() -> None:
    now = from_ms(NOON)
    assert pace.retry_seconds(now + timedelta(seconds=77), now, 9, random.Random(1)) == 77
    assert pace.retry_seconds(now - timedelta(seconds=5), now, 9, random.Random(1)) == 1


def test_the_wait_ends_a_moment_after_the_next_close_by_the_exchange_s_clock() -> None:
    assert pace.seconds_to_next_close(NOON + 1_500, 0.5, NOON) == 59
    assert pace.seconds_to_next_close(NOON + 1_500, 500, NOON) == 0
    assert pace.seconds_to_next_close(NOON - 10 * HOUR_MS, 0, NOON) == 61
