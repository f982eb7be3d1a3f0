"""Notices jobs that wait for tasks which nobody starts, and ends the process: its next start repeats the batch.

It was seen in local mode, with all cores free: one task of a batch was never started, and the query waited for ever.
On a cluster such a wait is what a missing worker looks like, so only a master in this JVM is watched.
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark import SparkContext

LOOK_SECONDS = 5.0
LOOKS = 24  # in a row, so that a process that was frozen is not taken for a stalled one


class StalledError(Exception):
    """Raised when a batch does not go on. The next start repeats it: nobody has to change anything."""


class Stalled:
    """A companion of the queries: `look` is called twice a second. `busy`: whether a query is in a batch."""

    def __init__(self, context: SparkContext, busy: Callable[[], bool], looks: int = LOOKS) -> None:
        self._busy = busy
        self._tracker = context.statusTracker()
        self._is_watched = str(context.master).startswith("local")
        self._looks = looks
        self._idle = 0
        self._look_at = 0.0
        self._seen: object = None

    def look(self, now: float) -> None:
        """`now` in seconds of a monotonic clock.

        Raises `StalledError` when jobs are active, none of their tasks runs, and none has ended for a while.
        """
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        # Spark may miss the end of a job in its books when it is very busy: without a batch, nobody waits for it.
        if not self._is_watched or not self._busy():
            self._idle = 0
            return
        jobs = tuple(sorted(self._tracker.getActiveJobsIds()))
        stages = [info for stage in self._tracker.getActiveStageIds() if (info := self._tracker.getStageInfo(stage))]
        seen = (jobs, tuple((info.stageId, info.numCompletedTasks) for info in stages))
        waits = bool(jobs) and not any(info.numActiveTasks for info in stages) and seen == self._seen
        self._idle = self._idle + 1 if waits else 0
        self._seen = seen
        if self._idle >= self._looks:
            raise StalledError(
                f"Spark's jobs {', '.join(map(str, jobs))} wait for tasks that are not started, although nothing else "
                "runs: the batch is repeated by the next start"
            )
