"""When candles are late for the join: older than the newest by the lateness and the hour that hours round down by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streaming.late_candles import LateCandles

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_only_what_the_join_may_have_closed_is_late_and_it_is_said_once() -> None:
    late = LateCandles(lateness_minutes=120)
    late.note(NOON - 180 * MINUTE, NOON)
    assert not late.take()
    late.note(NOON - 181 * MINUTE, NOON - 181 * MINUTE)  # a batch of its own is measured by what came before
    assert late.take() and not late.take()


def test_history_that_goes_forward_is_not_late() -> None:
    late = LateCandles(lateness_minutes=120)
    for hour in range(48):
        late.note(NOON + timedelta(hours=hour), NOON + timedelta(hours=hour + 1))
    assert not late.take()
    late.note(NOON + timedelta(hours=44), NOON + timedelta(hours=44))
    assert late.take()
