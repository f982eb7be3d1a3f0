"""When the repair runs: at start, soon again after it, then in the interval of the settings; beside the queries.

Candles that came too late for the join, such as the history of a coin that is followed from now on, are a start anew.

Each leaves a document in the collection `repairs`: when it began and ended, and what it wrote.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from streaming.context import Context
from streaming.repair import Repaired, Seen, repair

# The first repair comes at once, the next ones at growing distances: on a first start, what the feeds already hold is
# late for the stream, and people want to see it soon.
FIRST_SECONDS = (20.0, 20.0, 30.0, 30.0, 30.0, 60.0, 120.0, 300.0)
WHOLE_EVERY = 12


class Repairs:
    """Runs `repair` in a thread of its own, one at a time."""

    def __init__(self, context: Context, database: Database[dict[str, Any]]) -> None:
        self._context = context
        self._done = database["repairs"]
        self._pauses = iter(FIRST_SECONDS)
        self._longest = context.settings.streaming.repair_seconds
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="repair")
        self._running: Future[Repaired] | None = None
        self._seen: Seen | None = None
        self._due_at = 0.0
        self._passes = 0

    def look(self, now: float) -> None:
        """Start a repair that is due at `now` (seconds of a monotonic clock). Raises what the last one failed with."""
        if self._context.late_candles.take():
            self._pauses = iter(FIRST_SECONDS)
            self._due_at = min(self._due_at, now + next(self._pauses))
        if self._running is not None:
            if not self._running.done():
                return
            self._seen = self._running.result().seen or self._seen
            self._running, self._due_at = None, now + min(next(self._pauses, self._longest), self._longest)
        if now < self._due_at:
            return
        self._passes += 1
        # Now and then everything is looked at: what a sender said of its time may have been wrong.
        since = self._seen if self._passes % WHOLE_EVERY else None
        self._running = self._worker.submit(self._repair, since)

    def _repair(self, since: Seen | None) -> Repaired:
        began_at = datetime.now(UTC)
        repaired = repair(self._context, since)
        self._done.insert_one(
            {
                "began_at": began_at,
                "ended_at": datetime.now(UTC),
                "whole": since is None,
                "priced": repaired.priced,
                "missing": repaired.missing,
            }
        )
        return repaired

    def finish(self, seconds: float) -> None:
        """Wait for a repair that is at work. One that takes longer loses its session; the next start does it again."""
        if self._running is not None:
            wait([self._running], timeout=seconds)
        self._worker.shutdown(wait=False, cancel_futures=True)
