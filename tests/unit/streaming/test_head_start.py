"""Prices first: who waits for whom, and never for long."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from streaming.head_start import LOOK_SECONDS, HeadStart

LONG = 30.0


def head_start(is_active: threading.Event) -> HeadStart:
    found = HeadStart()
    found.given_to(is_active.is_set)
    return found


@pytest.fixture
def active() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def waiting(start: HeadStart, pool: ThreadPoolExecutor) -> Future[None]:
    """Another query that waits, seen to wait: it has asked whether the first one is at anything."""
    asked = threading.Event()
    before = start._is_active

    def is_active() -> bool:
        asked.set()
        return before()

    start.given_to(is_active)
    future = pool.submit(start.wait, LONG)
    assert asked.wait(LONG)
    return future


def still_waits(future: Future[None]) -> None:
    with pytest.raises(TimeoutError):
        future.result(3 * LOOK_SECONDS)


def test_nobody_waits_where_no_query_goes_first_or_it_is_at_nothing() -> None:
    HeadStart().wait(LONG)
    head_start(threading.Event()).wait(LONG)


def test_others_wait_until_its_rows_are_shown_and_not_for_its_archive(active: threading.Event) -> None:
    start = head_start(active)
    with ThreadPoolExecutor() as pool, start.leading():
        other = waiting(start, pool)
        still_waits(other)
        start.shown()
        other.result(LONG)
        start.wait(LONG)  # who comes now finds them shown


def test_a_batch_that_shows_nothing_holds_nobody_up(active: threading.Event) -> None:
    start = head_start(active)
    with ThreadPoolExecutor() as pool:
        with start.leading():
            other = waiting(start, pool)
        other.result(LONG)


def test_a_batch_that_fails_holds_nobody_up(active: threading.Event) -> None:
    start = head_start(active)
    with ThreadPoolExecutor() as pool:
        with pytest.raises(ValueError, match="full"), start.leading():
            other = waiting(start, pool)
            raise ValueError("disk full")
        other.result(LONG)


@pytest.mark.parametrize("given_up", [False, True], ids=["it found nothing", "nobody goes first any more"])
def test_others_wait_while_it_plans_and_then_go_on(active: threading.Event, given_up: bool) -> None:
    start = head_start(active)
    with ThreadPoolExecutor() as pool:
        other = waiting(start, pool)
        still_waits(other)
        if given_up:
            start.given_up()
        else:
            active.clear()
        other.result(LONG)


def test_the_rows_of_the_batch_before_let_nobody_through(active: threading.Event) -> None:
    start = head_start(active)
    with start.leading():
        start.shown()
    with ThreadPoolExecutor() as pool:
        other = waiting(start, pool)
        still_waits(other)
        with start.leading():
            start.shown()
        other.result(LONG)


def test_patience_ends(active: threading.Event) -> None:
    start, began = head_start(active), time.monotonic()
    with start.leading():
        start.wait(0.05)
    assert time.monotonic() - began >= 0.05
