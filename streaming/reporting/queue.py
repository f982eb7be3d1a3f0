"""What may wait for others is done in a thread of its own, from a queue that has an end."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from streaming.reporting.listener import Told

log = logging.getLogger(__name__)

MOST_WAITING = 2_000  # reports; about an hour of the application
CLOSE_SECONDS = 1.0  # of the few that the whole application has to stop in

Work = Callable[[Sequence[Told]], None]


class Queue:
    """A forwarder: hands the reports to `work` in a thread of its own, at least every `beat_seconds`, even without any.

    `work` says itself what it could not do. When it is away for so long that too many wait, the oldest are dropped, and
    their number is said.
    """

    def __init__(self, work: Work, beat_seconds: float, gather_seconds: float = 0.5) -> None:
        self._work = work
        self._beat_seconds = beat_seconds
        self._gather_seconds = gather_seconds
        self._waiting: deque[Told] = deque()
        self._dropped = 0
        self._lock = threading.Lock()
        self._arrived = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporting", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def started(self, query: str, run_id: str) -> None:
        self._arrived.set()

    def reported(self, told: Told) -> None:
        with self._lock:
            self._waiting.append(told)
            if len(self._waiting) > MOST_WAITING:
                self._waiting.popleft()
                self._dropped += 1
        self._arrived.set()

    def idle(self, run_id: str) -> None:
        """The next beat tells it."""

    def ended(self, run_id: str, *, failed: bool) -> None:
        self._arrived.set()

    def close(self, timeout_seconds: float = CLOSE_SECONDS) -> bool:
        """Do what waits, for at most `timeout_seconds`. Returns whether all of it was done."""
        self._stop.set()
        self._arrived.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)
        if self._thread.is_alive():
            log.warning("the last progress reports could not be told within %g s", timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._arrived.wait(self._beat_seconds)
            # The four queries report one after the other: together they are one piece of work.
            self._stop.wait(self._gather_seconds)
            self._arrived.clear()
            self._work(self._taken())
        if left := self._taken():
            self._work(left)

    def _taken(self) -> list[Told]:
        with self._lock:
            taken, dropped = list(self._waiting), self._dropped
            self._waiting.clear()
            self._dropped = 0
        if dropped:
            log.warning("%d progress reports were dropped: those who take them were away for too long", dropped)
        return taken
