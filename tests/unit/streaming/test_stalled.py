"""Jobs that wait for tasks which nobody starts end the process; everything else does not."""

from __future__ import annotations

from itertools import count, islice
from types import SimpleNamespace
from typing import cast

import pytest
from pyspark import SparkContext

from newswake.settings_sources import resolve
from streaming.sentences import explain
from streaming.stalled import LOOK_SECONDS, Stalled, StalledError

MOMENTS = count(1.0, LOOK_SECONDS)


class Spark:
    """A context with one job, which has one stage."""

    def __init__(
        self, active: int = 0, jobs: tuple[int, ...] = (7,), master: str = "local[2]", busy: bool = True
    ) -> None:
        self.master = master
        self.busy = busy
        self.stage = SimpleNamespace(stageId=3, numActiveTasks=active, numCompletedTasks=2)
        self._jobs = jobs

    def statusTracker(self) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(
            getActiveJobsIds=lambda: self._jobs,
            getActiveStageIds=lambda: (3,) if self._jobs else (),
            getStageInfo=lambda stage: self.stage,
        )


def stalled_of(spark: Spark) -> Stalled:
    return Stalled(cast(SparkContext, spark), lambda: spark.busy, looks=3)


def looked(stalled: Stalled, times: int) -> None:
    for now in islice(MOMENTS, times):
        stalled.look(now)


def test_a_job_without_a_task_ends_the_process_after_some_looks() -> None:
    stalled = stalled_of(Spark())
    looked(stalled, 3)  # the first one only notes how far it is
    with pytest.raises(StalledError, match="jobs 7 wait for tasks that are not started") as ended:
        looked(stalled, 1)
    code, _ = explain(ended.value, resolve(environ={}).settings)
    assert code == 1, "with 2 it would not be started again"


@pytest.mark.parametrize(
    "spark",
    [Spark(active=1), Spark(jobs=()), Spark(busy=False)],
    ids=["a task runs", "there is no job", "no query is in a batch"],
)
def test_what_works_or_rests_is_left_alone(spark: Spark) -> None:
    looked(stalled_of(spark), 20)


def test_a_task_that_ends_in_between_begins_the_count_anew() -> None:
    spark = Spark()
    stalled = stalled_of(spark)
    for _ in range(10):
        looked(stalled, 3)
        spark.stage.numCompletedTasks += 1


def test_on_a_cluster_a_missing_worker_is_waited_for() -> None:
    looked(stalled_of(Spark(master="spark://127.0.0.1:7077")), 20)
