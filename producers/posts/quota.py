"""The plan's requests of a calendar month (UTC): counted on disk, and spread over what is left of the month."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newswake.clock import from_ms, to_ms
from newswake.errors import SettingsError


@dataclass(frozen=True)
class Count:
    """`used` requests in `month`; the last poll began at `polled_ms` and cost `cost` requests."""

    month: str = ""
    used: int = 0
    polled_ms: int = 0
    cost: int = 0


class MonthlyQuota:
    """Counts requests in `path`, before they are sent: a crash can only make the count too high.

    `poll_seconds` is the pace that is wished for; the quota may make it slower.
    """

    def __init__(self, path: Path, per_month: int, poll_seconds: float, now: Callable[[], datetime]) -> None:
        self._path = path
        self._per_month = per_month
        self._poll_seconds = poll_seconds
        self._now = now
        self._count = self._read()

    @property
    def left(self) -> int:
        """Requests that may still be sent this month."""
        return max(0, self._per_month - self._of_this_month().used)

    def begin_poll(self) -> int:
        """Note that a poll begins, and return how many requests it may send: its share of what is left.

        At least two where two are left (the hot list and the list of all), so that a small plan reads the newest
        of both, seldom, rather than many pages of one.
        """
        now, left = self._now(), self.left
        share = int(left * self._poll_seconds / max(1.0, (next_month(now) - now).total_seconds()))
        self._write(replace(self._of_this_month(), polled_ms=to_ms(now), cost=0))
        return min(left, max(2, share))

    def spend(self) -> None:
        """Count one request."""
        count = self._of_this_month()
        self._write(replace(count, used=count.used + 1, cost=count.cost + 1))

    def next_poll_at(self) -> datetime:
        """When the next poll may begin: after the last one by its share of the month, or next month."""
        now, count = self._now(), self._count
        month_end = next_month(now)
        if self.left == 0:
            return month_end
        polled_at = from_ms(count.polled_ms)
        if not count.cost or polled_at > now:  # never polled, or by a clock that was ahead of this one
            return now
        seconds_per_request = (month_end - now).total_seconds() / self.left
        return min(polled_at + timedelta(seconds=count.cost * seconds_per_request), month_end)

    def _of_this_month(self) -> Count:
        month = self._now().astimezone(UTC).strftime("%Y-%m")
        return self._count if self._count.month == month else replace(self._count, month=month, used=0)

    def _read(self) -> Count:
        try:
            return Count(**json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Count()
        except (ValueError, TypeError, OSError) as error:
            raise SettingsError(
                f"{self._path}, the count of requests of this month, cannot be read ({error}); "
                "delete it to begin a new count"
            ) from None

    def _write(self, count: Count) -> None:
        self._count = count
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(count)), encoding="utf-8")
        draft.replace(self._path)


def next_month(now: datetime) -> datetime:
    """Midnight (UTC) of the first day of the month after `now`.

    >>> next_month(datetime(2025, 12, 31, 23, tzinfo=UTC)).isoformat()
    '2026-01-01T00:00:00+00:00'
    """
    now = now.astimezone(UTC)
    return datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
