"""Whether candles came in that may be too late for the join, so that the repair need not wait for its hour."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta


class LateCandles:
    """What the query `candles` sees, told to the repairs. One thread notes, another one asks.

    The join waits `lateness_minutes` and, because its hours round down, one hour more behind the newest candle; what is
    not older than that is never late.
    """

    def __init__(self, lateness_minutes: int) -> None:
        self._patience = timedelta(minutes=lateness_minutes + 60)
        self._lock = threading.Lock()
        self._newest: datetime | None = None
        self._came = False

    def note(self, oldest: datetime, newest: datetime) -> None:
        """A batch with candles from `oldest` to `newest` (open times)."""
        with self._lock:
            self._newest = max(newest, self._newest or newest)
            self._came |= oldest < self._newest - self._patience

    def take(self) -> bool:
        """Whether there were any since the last time that this was asked."""
        with self._lock:
            came, self._came = self._came, False
        return came
