"""Whether Spark is at work for a query: of a long batch nothing is reported until its end, but its tasks go on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from py4j.protocol import Py4JError
from pyspark import SparkContext

from newswake.health.limits import TASK_SECONDS

log = logging.getLogger(__name__)


@dataclass
class _Jobs:
    """The active jobs of a query: (number, tasks that have ended) of each, and whether a task of theirs runs."""

    done: list[tuple[int, int]]
    is_running: bool = False
    moved_at: float = 0.0


class Tasks:
    """Remembers how far the jobs of each query were at the last look. `clock`: seconds of a monotonic clock."""

    def __init__(self, context: SparkContext, clock: Callable[[], float] = time.monotonic) -> None:
        # Held, because a context that has been stopped gives neither of them.
        self._store, self._tracker = context._jsc.sc().statusStore(), context.statusTracker()
        self._clock = clock
        self._seen: dict[str, _Jobs] = {}

    def at_work(self) -> set[str]:
        """The run ids of the queries of which a job has begun or a task has ended since the last look.

        Also of those of which a task runs: one may write half a million documents, and tells nothing before its end.
        But not for ever, because a task that hangs looks the same. Never raises.
        """
        try:
            found = self._look()
        except Py4JError as error:
            log.warning("Spark does not say what its tasks do: %s", type(error).__name__)
            return set()
        now = self._clock()
        for run, jobs in found.items():
            before = self._seen.get(run)
            jobs.moved_at = before.moved_at if before is not None and before.done == jobs.done else now
        self._seen = found
        return {
            run
            for run, jobs in found.items()
            if jobs.moved_at == now or (jobs.is_running and now - jobs.moved_at < TASK_SECONDS)
        }

    def _look(self) -> dict[str, _Jobs]:
        """By job group, which Spark makes of a query's run id."""
        found: dict[str, _Jobs] = {}
        for number in sorted(self._tracker.getActiveJobsIds()):
            job = self._store.job(number)
            if job.jobGroup().isDefined():
                jobs = found.setdefault(job.jobGroup().get(), _Jobs([]))
                jobs.done.append((number, job.numCompletedTasks()))
                jobs.is_running |= job.numActiveTasks() > 0
        return found
