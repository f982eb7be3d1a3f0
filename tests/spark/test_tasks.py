"""What Spark itself tells of a batch that is under way: its jobs are those of its query's run, task by task."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from newswake.health.limits import TASK_SECONDS
from streaming.reporting.tasks import Tasks
from tests.spark.gates import gated_query

pytestmark = pytest.mark.spark


def until(asked: Callable[[], bool], what: str) -> None:
    pause, deadline = threading.Event(), time.monotonic() + 60
    while not asked():
        assert time.monotonic() < deadline, what
        pause.wait(0.05)


def test_a_long_batch_is_at_work_when_a_task_ends_and_not_while_they_hang(spark: SparkSession, tmp_path: Path) -> None:
    now = [0.0]
    tasks = Tasks(spark.sparkContext, clock=lambda: now[0])
    with gated_query(spark, tmp_path, count=2) as (query, gates):
        run = str(query.runId)
        until(lambda: run in tasks.at_work(), "the job is not seen as one of its query")
        now[0] += TASK_SECONDS
        assert run not in tasks.at_work(), "none of its tasks ended for so long"
        gates[0].open()
        until(lambda: run in tasks.at_work(), "a task has ended, and it is not seen")
        gates[1].open()
        assert query.awaitTermination(60)
        until(lambda: run not in tasks.at_work(), "there is no job any more")
