"""One alert, and what is remembered of those before it (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Literal

from dashboard.models.alerts import AlertKind, AlertRules

HeldBack = Literal["", "quiet_hours", "cooldown"]
# What is older was told or missed; nobody asks for it again.
REMEMBERED = timedelta(days=1)


@dataclass(frozen=True)
class Alert:
    """`key` is what it is about, told once; `subject` is what the cooldown counts by: a coin, or a part of newswake."""

    kind: AlertKind
    key: str
    subject: str
    title: str
    body: str
    coin: str | None = None
    post_id: str | None = None


@dataclass
class Memory:
    """What was told, and when something was last sent on a subject. Times are those of the machine."""

    told: dict[str, datetime] = field(default_factory=dict)
    sent: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def add(self, older: Memory) -> None:
        """What is known from before."""
        self.told = {**older.told, **self.told}
        self.sent = {**older.sent, **self.sent}

    def knows(self, alert: Alert) -> bool:
        return alert.key in self.told

    def judge(self, alert: Alert, rules: AlertRules, at: datetime) -> HeldBack:
        """Why the alert is held back at `at`; empty: it is not."""
        if is_quiet(rules, at):
            return "quiet_hours"
        last = self.sent.get((alert.kind, alert.subject))
        if last is not None and at - last < timedelta(minutes=rules.cooldown_minutes):
            return "cooldown"
        return ""

    def note(self, alert: Alert, held_back: HeldBack, at: datetime) -> None:
        """Keep that it was dealt with, and forget what is old."""
        self.told = {key: then for key, then in self.told.items() if at - then < REMEMBERED}
        self.told[alert.key] = at
        if not held_back:
            self.sent[alert.kind, alert.subject] = at


def is_quiet(rules: AlertRules, at: datetime) -> bool:
    """Whether `at` lies in the quiet hours, which are in UTC and may go over midnight; the end is not in them.

    >>> from datetime import UTC
    >>> night = AlertRules(quiet_from="22:00", quiet_until="07:00")
    >>> [is_quiet(night, datetime(2025, 1, 1, hour, tzinfo=UTC)) for hour in (21, 22, 0, 6, 7)]
    [False, True, True, True, False]
    """
    if rules.quiet_from is None or rules.quiet_until is None:
        return False
    first, end, now = time.fromisoformat(rules.quiet_from), time.fromisoformat(rules.quiet_until), at.time()
    if first <= end:
        return first <= now < end
    return now >= first or now < end
