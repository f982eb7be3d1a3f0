"""The clock that a program goes by: the real one, the simulator's, or one that a test moves by hand.

A producer takes a `Clock` as an argument and never asks `datetime.now()`, so that the same code runs live, sixty
times faster against the simulator, and in a test.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import requests

from newswake.errors import ServiceError


class Clock(Protocol):
    """Tells the time in UTC and waits in its own seconds."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait `seconds` of this clock, or until `stop` is set. Returns whether it was set."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        return stop.wait(max(0.0, seconds))


class RemoteClock:
    """The simulator's clock: asked over HTTP, extrapolated with its speed for up to `resync_seconds` of real time.

    The address answers with `{"now": ms, "speed": simulated seconds per real second, "end": ms}`; the time told here
    never passes `end`, as the simulator's own does not.
    """

    def __init__(self, url: str, resync_seconds: float = 1.0, timeout_seconds: float = 5.0) -> None:
        self._url = url
        self._resync_seconds = resync_seconds
        self._timeout_seconds = timeout_seconds
        self._session = requests.Session()
        self._session.trust_env = False
        self._lock = threading.Lock()
        self._asked_at: float | None = None
        self._now_ms = 0.0
        self._end_ms = 0.0
        self._speed = 1.0

    def now(self) -> datetime:
        """Raises `ServiceError` when the simulator does not answer."""
        with self._lock:
            if self._asked_at is None or time.monotonic() - self._asked_at > self._resync_seconds:
                self._ask()
            assert self._asked_at is not None
            elapsed_ms = (time.monotonic() - self._asked_at) * 1000 * self._speed
            now_ms = min(self._now_ms + elapsed_ms, max(self._end_ms, self._now_ms))
        return datetime.fromtimestamp(now_ms / 1000, UTC)

    @property
    def speed(self) -> float:
        """Its seconds in a real one, as it last said."""
        return self._speed

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self.now()
        return stop.wait(max(0.0, seconds) / max(self._speed, 1e-9))

    def _ask(self) -> None:
        try:
            answer = self._session.get(self._url, timeout=self._timeout_seconds)
            answer.raise_for_status()
            body = answer.json()
            self._now_ms, self._speed = float(body["now"]), float(body["speed"])
            self._end_ms = float(body.get("end") or float("inf"))
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise ServiceError(f"The clock at {self._url} (setting clock.url) does not answer: {error}") from error
        self._asked_at = time.monotonic()


class ManualClock:
    """A clock that only moves when it is told to, or when somebody waits on it."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self.waits.append(seconds)
        self.advance(max(0.0, seconds))
        return stop.is_set()


def clock_from(url: str) -> Clock:
    """The clock at `url` (setting `clock.url`), or the machine's own when it is empty."""
    return RemoteClock(url) if url else SystemClock()


def to_ms(moment: datetime) -> int:
    """Epoch milliseconds of an aware datetime, rounded down.

    >>> to_ms(datetime(2025, 1, 1, tzinfo=UTC))
    1735689600000
    """
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def from_ms(milliseconds: int) -> datetime:
    """The aware datetime (UTC) of epoch milliseconds.

    >>> from_ms(1735689600000).isoformat()
    '2025-01-01T00:00:00+00:00'
    """
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def to_iso(moment: datetime) -> str:
    """ISO-8601 in UTC with `Z`; milliseconds only where there are any.

    >>> to_iso(datetime(2025, 1, 1, 12, tzinfo=UTC))
    '2025-01-01T12:00:00Z'
    """
    moment = moment.astimezone(UTC)
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")
