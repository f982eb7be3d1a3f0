"""When a table is compacted: after so many appends, by the query that appends to it, between two of its batches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from pyspark.sql import SparkSession

from streaming.sinks import delta


class Compaction:
    """Counts the appends to one table and rewrites its small files when there were `every` of them.

    A process that is started again counts the files that it finds as appends, so that one which never lives long still
    compacts. `same_rows` is entered while it rewrites.
    """

    def __init__(
        self,
        spark: SparkSession,
        path: str,
        every: int,
        same_rows: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._spark = spark
        self._path = path
        self._every = every
        self._same_rows = same_rows
        self._appends: int | None = None

    def appended(self) -> None:
        """Count one append; compact when it is time. Not to be called while another writer is at work."""
        if self._appends is None:
            self._appends = delta.file_count(self._spark, self._path)
        self._appends += 1
        if self._appends >= self._every:
            with self._same_rows():
                delta.compact(self._spark, self._path)
            self._appends = 0
