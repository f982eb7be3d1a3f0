"""A query is at work while its tasks end; one task may take its time, but not for ever."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from py4j.protocol import Py4JError
from pyspark import SparkContext

from newswake.health.limits import TASK_SECONDS
from streaming.reporting.tasks import Tasks


class Option:
    """Scala's."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    def isDefined(self) -> bool:  # noqa: N802
        return self._value is not None

    def get(self) -> str | None:
        return self._value


class Spark:
    """A context with active jobs: number -> (job group, tasks that have ended, tasks that run)."""

    def __init__(self, **jobs: tuple[str | None, int, int]) -> None:
        self.jobs = {int(name.removeprefix("job")): job for name, job in jobs.items()}
        self.now = 100.0
        self.is_gone = False
        self._jsc: Any = SimpleNamespace(sc=lambda: SimpleNamespace(statusStore=lambda: SimpleNamespace(job=self._job)))

    def statusTracker(self) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(getActiveJobsIds=self._active)

    def _active(self) -> tuple[int, ...]:
        if self.is_gone:
            raise Py4JError("gone")
        return tuple(self.jobs)

    def _job(self, number: int) -> Any:
        group, done, running = self.jobs[number]
        return SimpleNamespace(
            jobGroup=lambda: Option(group), numCompletedTasks=lambda: done, numActiveTasks=lambda: running
        )

    def tasks(self) -> Tasks:
        return Tasks(cast(SparkContext, self), clock=lambda: self.now)


def test_a_query_is_at_work_when_a_job_begins_or_a_task_ends() -> None:
    spark = Spark(job1=("run-1", 0, 0), job2=("run-2", 0, 0), job3=(None, 0, 0))
    tasks = spark.tasks()
    assert tasks.at_work() == {"run-1", "run-2"}
    spark.now += 5
    assert tasks.at_work() == set()
    spark.jobs |= {1: ("run-1", 1, 0), 3: (None, 1, 0)}
    spark.now += 5
    assert tasks.at_work() == {"run-1"}
    del spark.jobs[1]
    spark.now += 5
    assert tasks.at_work() == set()
    spark.jobs |= {4: ("run-1", 0, 0)}
    spark.now += 5
    assert tasks.at_work() == {"run-1"}


def test_a_task_may_take_its_time_but_one_that_hangs_is_no_work() -> None:
    spark = Spark(job1=("run-1", 3, 1))
    tasks = spark.tasks()
    tasks.at_work()
    for seconds, expected in ((TASK_SECONDS - 1, {"run-1"}), (1, set()), (1, set())):
        spark.now += seconds
        assert tasks.at_work() == expected
    spark.jobs[1] = ("run-1", 4, 1)
    for seconds, expected in ((5, {"run-1"}), (TASK_SECONDS - 1, {"run-1"}), (1, set())):
        spark.now += seconds
        assert tasks.at_work() == expected


def test_a_spark_that_is_gone_is_said_and_nothing_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    spark = Spark(job1=("run-1", 0, 1))
    spark.is_gone = True
    assert spark.tasks().at_work() == set()
    assert "does not say what its tasks do" in caplog.text
