"""The plan's requests are counted across restarts and spread over the month."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newswake.clock import ManualClock
from newswake.errors import SettingsError
from producers.posts.quota import MonthlyQuota

MONTH = datetime(2025, 1, 1, tzinfo=UTC)


def quota(path: Path, clock: ManualClock, per_month: int = 100, poll_seconds: float = 60) -> MonthlyQuota:
    return MonthlyQuota(path / "cryptopanic.json", per_month, poll_seconds, clock.now)


def test_a_small_plan_lasts_the_whole_month_with_restarts(tmp_path: Path) -> None:
    clock, spent, polls = ManualClock(MONTH), 0, []
    while clock.now() < MONTH + timedelta(days=31):
        counter = quota(tmp_path, clock)  # a restart before every poll
        allowed = counter.begin_poll()
        assert allowed == 2
        for _ in range(allowed):
            counter.spend()
        spent, polls = spent + allowed, [*polls, clock.now()]
        clock.advance((counter.next_poll_at() - clock.now()).total_seconds())
    assert spent == 100
    gaps = [(later - earlier).total_seconds() / 3600 for earlier, later in itertools.pairwise(polls)]
    assert min(gaps) > 14
    assert max(gaps) < 16


def test_a_large_plan_does_not_slow_the_polls(tmp_path: Path) -> None:
    clock = ManualClock(MONTH)
    counter = quota(tmp_path, clock, per_month=1_000_000_000)
    assert counter.begin_poll() > 1_000
    for _ in range(10):
        counter.spend()
    assert counter.next_poll_at() - clock.now() < timedelta(seconds=1)


def test_nothing_is_left_until_the_new_month(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2025, 1, 31, 22, tzinfo=UTC))
    counter = quota(tmp_path, clock, per_month=3)
    for _ in range(3):
        counter.spend()
    assert (counter.left, counter.begin_poll()) == (0, 0)
    assert quota(tmp_path, clock, per_month=3).next_poll_at() == datetime(2025, 2, 1, tzinfo=UTC)
    clock.advance(3 * 3600)
    assert quota(tmp_path, clock, per_month=3).left == 3
    assert quota(tmp_path, clock, per_month=3).next_poll_at() <= clock.now()


def test_a_plan_that_grew_is_used_at_once(tmp_path: Path) -> None:
    clock = ManualClock(MONTH)
    counter = quota(tmp_path, clock)
    counter.begin_poll()
    counter.spend()
    assert counter.next_poll_at() - clock.now() > timedelta(hours=6)
    assert quota(tmp_path, clock, per_month=100_000).next_poll_at() - clock.now() < timedelta(minutes=1)


def test_a_clock_that_went_back_does_not_stop_the_polls(tmp_path: Path) -> None:
    clock = ManualClock(MONTH + timedelta(days=20))
    counter = quota(tmp_path, clock)
    counter.begin_poll()
    counter.spend()
    assert quota(tmp_path, ManualClock(MONTH)).next_poll_at() == MONTH


def test_a_damaged_count_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "cryptopanic.json").write_text("{")
    with pytest.raises(SettingsError, match="delete it"):
        quota(tmp_path, ManualClock(MONTH))
