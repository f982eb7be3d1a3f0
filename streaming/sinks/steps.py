"""The steps of writing a batch: each has a name in the Spark UI that a person understands, and takes a known time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from pyspark.sql import SparkSession

DESCRIPTION = "spark.job.description"
# Batches whose report has not come yet: one a query, and some that were cut off and never will have one.
KEPT = 64


class Step(StrEnum):
    """In the order of a batch; the value is what the UI and the metrics call it."""

    COMPUTE = "compute"
    COMPARE = "compare"
    MONGODB = "mongodb"
    DELTA = "delta"
    COMPACT = "compact"


WORDS = {
    Step.COMPUTE: "read, parse and compute",
    Step.COMPARE: "leave out what the table holds",
    Step.MONGODB: "write to MongoDB",
    Step.DELTA: "append to Delta",
    Step.COMPACT: "compact the table",
}


@dataclass(frozen=True)
class Written:
    """How long each step of a batch took, and how many rows it wrote."""

    seconds: dict[str, float] = field(default_factory=dict)
    rows: int = 0


class Steps:
    """Remembers the steps of a batch until its report asks for them. Queries write from threads of their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._batches: OrderedDict[tuple[str, int], Written] = OrderedDict()

    def took(self, query: str, batch: int, step: Step, seconds: float) -> None:
        with self._lock:
            known = self._batches.pop((query, batch), Written())
            total = known.seconds.get(step, 0.0) + seconds
            self._keep(query, batch, Written({**known.seconds, str(step): total}, known.rows))

    def wrote(self, query: str, batch: int, rows: int) -> None:
        with self._lock:
            known = self._batches.pop((query, batch), Written())
            self._keep(query, batch, Written(known.seconds, rows))

    def take(self, query: str, batch: int) -> Written:
        """What is known of the batch, which is then forgotten; nothing for a batch that wrote nothing."""
        with self._lock:
            return self._batches.pop((query, batch), Written())

    def _keep(self, query: str, batch: int, written: Written) -> None:
        self._batches[query, batch] = written
        while len(self._batches) > KEPT:
            self._batches.popitem(last=False)


@dataclass(frozen=True)
class BatchSteps:
    """The steps of one batch of one query."""

    spark: SparkSession
    steps: Steps
    query: str
    batch: int

    @contextmanager
    def step(self, step: Step) -> Iterator[None]:
        """Name the jobs of the block, and note how long it took, also when it fails."""
        began = time.perf_counter()
        with named_jobs(self.spark, f"{self.query}, batch {self.batch}: {WORDS[step]}"):
            try:
                yield
            finally:
                self.steps.took(self.query, self.batch, step, time.perf_counter() - began)

    def wrote(self, rows: int) -> None:
        self.steps.wrote(self.query, self.batch, rows)


@contextmanager
def named_jobs(spark: SparkSession, description: str) -> Iterator[None]:
    """The jobs that this thread starts in the block, and their stages, carry the description in the Spark UI."""
    with local_property(spark, DESCRIPTION, description):
        yield


@contextmanager
def local_property(spark: SparkSession, name: str, value: str) -> Iterator[None]:
    """What this thread tells Spark of the jobs that it, and a query that it starts, run in the block."""
    context = spark.sparkContext
    before = context.getLocalProperty(name)
    context.setLocalProperty(name, value)
    try:
        yield
    finally:
        context.setLocalProperty(name, before)  # type: ignore[arg-type]  # None takes it away
