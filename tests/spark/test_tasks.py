"""What Spark itself tells of a batch that is under way: its jobs are those of its query's run, task by task."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from newswake.health.limits import TASK_SECONDS
from scripts.supervision import wait_until
from streaming.reporting.tasks import Tasks
from tests.spark.gates import gated_query

pytestmark = pytest.mark.spark


def test_a_long_batch_is_at_work_when_a_task_ends_and_not_while_they_hang(spark: SparkSession, tmp_path: Path) -> None:
    now = [0.0]
    tasks = Tasks(spark.sparkContext, clock=lambda: now[0])
    with gated_query(spark, tmp_path, count=2) as (query, gates):
        run = str(query.runId)
        assert wait_until(lambda: run in tasks.at_work(), 60), "the job is not seen as one of its query"
        now[0] += TASK_SECONDS
        assert run not in tasks.at_work(), "none of its tasks ended for so long"
        gates[0].open()
        assert wait_until(lambda: run in tasks.at_work(), 60), "a task has ended, and it is not seen"
        gates[1].open()
        assert query.awaitTermination(60)
        assert wait_until(lambda: run not in tasks.at_work(), 60), "there is no job any more"
