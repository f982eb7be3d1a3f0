"""Clocks and times: conversions there and back, and a clock that is moved by hand."""

from __future__ import annotations

import doctest
import importlib
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswake.clock import ManualClock, SystemClock, clock_from, from_ms, to_iso, to_ms


@pytest.mark.parametrize("name", ["clock", "coins", "logs", "settings_sources"])
def test_the_examples_in_the_docstrings_hold(name: str) -> None:
    failed, attempted = doctest.testmod(importlib.import_module(f"newswake.{name}"))
    assert attempted > 0
    assert failed == 0


@given(st.integers(-(10**12), 4 * 10**12))
def test_milliseconds_there_and_back(milliseconds: int) -> None:
    assert to_ms(from_ms(milliseconds)) == milliseconds


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))
def test_a_moment_loses_less_than_a_millisecond_downwards(moment: datetime) -> None:
    for back in (from_ms(to_ms(moment)), datetime.fromisoformat(to_iso(moment))):
        assert timedelta() <= moment - back < timedelta(milliseconds=1)


def test_a_manual_clock_moves_when_it_is_told_to_or_waited_on() -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    clock, stop = ManualClock(start), threading.Event()
    clock.advance(5)
    assert not clock.wait(10, stop)
    assert clock.now() == start + timedelta(seconds=15)
    stop.set()
    assert clock.wait(-3, stop)
    assert clock.now() == start + timedelta(seconds=15)
    assert clock.waits == [10, -3]


def test_the_system_clock_tells_utc_and_a_stop_ends_its_wait() -> None:
    clock, stop = clock_from(""), threading.Event()
    assert isinstance(clock, SystemClock)
    assert clock.now().utcoffset() == timedelta()
    stop.set()
    before = clock.now()
    assert clock.wait(3_600, stop)
    assert clock.now() - before < timedelta(seconds=60)
