"""Tasks of Spark's that wait for a test: each stands before a gate until the test opens it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming import StreamingQuery


class Gate:
    """A named pipe: whoever opens one end waits for the other."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._end: int | None = None

    def open(self) -> None:
        if self._end is None:
            self._end = os.open(self.path, os.O_RDWR)  # which alone does not wait

    def close(self) -> None:
        if self._end is not None:
            os.close(self._end)


def jobs_before(gates: Sequence[Gate], spark: SparkSession) -> Callable[[DataFrame, int], None]:
    """What to do with a batch: one job, with a task before each gate."""
    paths = [str(gate.path) for gate in gates]

    def on_batch(batch: DataFrame, number: int) -> None:
        def wait(path: str) -> None:
            with Path(path).open():
                pass

        spark.sparkContext.parallelize(paths, len(paths)).foreach(wait)

    return on_batch


@contextmanager
def gated_query(spark: SparkSession, folder: Path, count: int) -> Iterator[tuple[StreamingQuery, list[Gate]]]:
    """A query with one batch, the tasks of which wait, each before its gate. At the end all of them are open."""
    gates = [Gate(folder / f"gate-{number}") for number in range(count)]
    source = folder / "source"
    source.mkdir()
    (source / "row.txt").write_text("row")
    writer = spark.readStream.text(str(source)).writeStream.queryName("gated").trigger(availableNow=True)
    writer = writer.option("checkpointLocation", str(folder / "checkpoint"))
    query = writer.foreachBatch(jobs_before(gates, spark)).start()
    try:
        yield query, gates
    finally:
        for gate in gates:
            gate.open()
        query.awaitTermination(120)
        query.stop()
        for gate in gates:
            gate.close()
