"""Which rows of a batch a table does not hold yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from streaming.transforms.first import first_by

Span = tuple[datetime, datetime]


def new_rows(batch: DataFrame, table: DataFrame, key: Sequence[str], order: Sequence[str]) -> DataFrame:
    """The first row of each key (by `order`) whose key is not in `table` yet, in the columns of `table`.

    Looks into the table at once, so it is to be called when nobody writes to it. A MERGE that only inserts would do the
    same; over a long table an anti-join and an append were measured to be faster.

    Nearly always the table has none of the keys, and the result is then computed from the batch alone. That is more
    than a join saved: what is kept and was computed from a table, Spark computes anew when rows are appended to it.
    """
    first = first_by(batch, key, order).select(*table.columns)
    # The table may be long and the batch is short: its few rows with keys of the batch, by a broadcast.
    known = table.select(*key).join(F.broadcast(batch.select(*key)), on=list(key), how="left_semi")
    if known.isEmpty():
        return first
    return first.join(known, on=list(key), how="left_anti").select(*table.columns)


def over_the_span(table: DataFrame, time: str | None, span: Span | None) -> DataFrame:
    """The rows of the table whose `time` lies in the span: a reader skips the other files. All of them without one."""
    return table if time is None or span is None else table.where(F.col(time).between(*span))


def span_of(oldest: int | None, newest: int | None) -> Span | None:
    """Two moments in microseconds since the epoch, in UTC; None where there are none."""
    return None if oldest is None or newest is None else (_moment(oldest), _moment(newest))


def _moment(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
