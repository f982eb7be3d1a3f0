"""When an alert is held back: quiet hours over midnight, in UTC in every season, and the cooldown of its subject."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from dashboard.alerts.alert import REMEMBERED, Alert, Memory, is_quiet
from dashboard.models.alerts import AlertRules

NOON = datetime(2025, 3, 30, 12, tzinfo=UTC)
NIGHT = AlertRules(quiet_from="22:30", quiet_until="07:00", cooldown_minutes=30)


def alert(key: str = "a", subject: str = "BTC") -> Alert:
    return Alert("hot_post", key, subject, "title", "body", subject, key)


@pytest.fixture(params=["UTC", "Europe/Berlin", "America/New_York", "Pacific/Chatham"])
def zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The machine's zone, two of which change their clocks on the night that is tested."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_the_night_has_the_same_minutes_in_every_zone_and_season() -> None:
    for day in (datetime(2025, 3, 29, tzinfo=UTC), datetime(2025, 10, 25, tzinfo=UTC)):
        minutes = [day + timedelta(minutes=minute) for minute in range(48 * 60)]
        quiet = [at for at in minutes if is_quiet(NIGHT, at)]
        # From 22:30 to 06:59 is 510 minutes, twice in two days.
        assert len(quiet) == 2 * 510
        assert {(at.hour, at.minute) for at in quiet} == {
            (minute // 60 % 24, minute % 60) for minute in range(22 * 60 + 30, 31 * 60)
        }


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [("09:00", "17:00", {9, 10, 11, 12, 13, 14, 15, 16}), ("00:00", "00:00", set()), (None, None, set())],
)
def test_hours_within_a_day_and_none(start: str | None, end: str | None, hours: set[int]) -> None:
    rules = AlertRules(quiet_from=start, quiet_until=end)
    assert {hour for hour in range(24) if is_quiet(rules, NOON.replace(hour=hour))} == hours


def test_the_cooldown_counts_by_subject_and_kind_and_from_what_was_sent() -> None:
    memory = Memory()
    assert memory.judge(alert("1"), NIGHT, NOON) == ""
    memory.note(alert("1"), "", NOON)
    soon = NOON + timedelta(minutes=29, seconds=59)
    assert memory.judge(alert("2"), NIGHT, soon) == "cooldown"
    memory.note(alert("2"), "cooldown", soon)
    assert memory.judge(alert("3", "ETH"), NIGHT, soon) == ""
    assert memory.judge(Alert("unusual_move", "4", "BTC", "", ""), NIGHT, soon) == ""
    assert memory.judge(alert("5"), NIGHT, NOON + timedelta(minutes=30)) == ""  # the one that was held back counts not
    assert memory.judge(alert("5"), NIGHT.model_copy(update={"cooldown_minutes": 0}), NOON) == ""
    assert memory.judge(alert("6", "SOL"), NIGHT, NOON.replace(hour=23)) == "quiet_hours"


def test_what_was_told_is_known_for_a_day() -> None:
    memory = Memory()
    memory.note(alert("1"), "quiet_hours", NOON)
    assert memory.knows(alert("1")) and not memory.knows(alert("2"))
    memory.note(alert("2"), "", NOON + REMEMBERED)
    assert not memory.knows(alert("1"))


def test_what_another_server_has_told_is_added() -> None:
    ours, theirs = Memory(), Memory()
    theirs.note(alert("old"), "", NOON)
    theirs.note(alert("eth", "ETH"), "", NOON)
    ours.note(alert("new"), "", NOON + timedelta(hours=1))
    ours.add(theirs)
    assert all(ours.knows(alert(key)) for key in ("old", "eth", "new"))
    assert ours.judge(alert("x"), NIGHT, NOON + timedelta(minutes=80)) == "cooldown"


def test_coins_of_the_rules_are_as_they_are_compared() -> None:
    assert AlertRules(coins=["btc ", "BTC", " "]).coins == ["BTC"]
    for wrong in ("\ud800", "X" * 33):
        with pytest.raises(ValidationError):
            AlertRules(coins=[wrong])
