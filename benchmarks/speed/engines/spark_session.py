"""A Spark session for the engines that are programs of Spark, and what their batches tell."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQuery

from benchmarks.speed.engines.job import Job
from benchmarks.speed.engines.tell import Teller
from newswake.settings import Streaming
from scripts.places import JVM
from scripts.submit import HISTORY, JAVA_OPTIONS
from streaming.inputs import PORTIONS_OF_JOIN_ONCE
from tests.conftest import spark_defaults

# As the application reads with --once: the archive, which makes a row of each candle, and the join, which keeps pages.
CANDLES_PAGES_A_BATCH = Streaming().max_offsets_per_trigger
PAGES_A_BATCH = PORTIONS_OF_JOIN_ONCE * CANDLES_PAGES_A_BATCH
TOLERANCE_SECONDS = Streaming().future_tolerance_seconds


def session(name: str, changed: dict[str, str]) -> SparkSession:
    """Two threads, 2 GB, and the collector of our own `--once`; `changed` is laid over conf/spark-defaults.conf."""
    defaults = spark_defaults()
    own = {
        JAVA_OPTIONS: f"{defaults[JAVA_OPTIONS]} {HISTORY}",
        "spark.jars": ",".join(map(str, sorted((JVM / "spark").glob("*.jar")))),
        "spark.driver.memory": "2g",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
    }
    builder = SparkSession.builder.master("local[2]").appName(name)
    for key, value in {**defaults, **own, **changed}.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


class Sink(Protocol):
    """Where the batches go; counts and adds up."""

    rows: int
    total: float

    def write(self, batch: DataFrame, batch_id: int) -> None: ...


class Sums:
    """A sink that counts the values of one column and adds them up."""

    def __init__(self, column: str) -> None:
        self._column = column
        self.rows = 0
        self.total = 0.0

    def write(self, batch: DataFrame, batch_id: int) -> None:
        found = batch.agg(F.count(self._column).alias("rows"), F.sum(self._column).alias("total")).first()
        if found is not None:
            self.rows += found["rows"]
            self.total += found["total"] or 0.0


def run_once(frame: DataFrame, sums: Sink, job: Job, tell: Teller) -> None:
    """Read what is there to its end, batch by batch, and tell when which batch ended."""
    query: StreamingQuery = (
        frame.writeStream.foreachBatch(sums.write)
        .option("checkpointLocation", str(job.scratch))
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    for progress in query.recentProgress:
        began = datetime.fromisoformat(progress.timestamp.replace("Z", "+00:00")).timestamp()
        pages = sum(source.numInputRows for source in progress.sources if job.candles_topic in source.description)
        tell.batch(began + progress.batchDuration / 1000, pages * 60)
    tell.outcome(sums.rows, sums.total)
