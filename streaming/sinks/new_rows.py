"""Which rows of a batch a table does not hold yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from streaming.transforms.first import first_by


def new_rows(
    batch: DataFrame, table: DataFrame, key: Sequence[str], time: str | None, order: Sequence[str]
) -> DataFrame:
    """The first row of each key (by `order`) whose key is not in `table` yet, in the columns of `table`.

    `time` names a column that is the same in every row of a key: the table is then only read over the batch's span of
    it. A MERGE that only inserts would do the same; over a long table an anti-join on the span and an append were
    measured to be faster.
    """
    first = first_by(batch, key, order).select(*table.columns)
    known = table.select(*dict.fromkeys([*key, *([time] if time else [])]))
    if time is not None:
        known = over_the_span(known, batch, time)
    # The table may be long and the batch is short: first its few rows with keys of the batch, by a broadcast.
    known = known.join(F.broadcast(batch.select(*key).distinct()), on=list(key), how="left_semi").select(*key)
    return first.join(known, on=list(key), how="left_anti").select(*table.columns)


def over_the_span(table: DataFrame, batch: DataFrame, time: str) -> DataFrame:
    """The rows of the table whose `time` lies between the batch's oldest and newest: a reader skips the other files."""
    span = batch.agg(F.min(time).alias("oldest"), F.max(time).alias("newest")).first()
    if span is None or span["oldest"] is None:
        return table
    return table.where(F.col(time).between(span["oldest"], span["newest"]))


def span_of(batch: DataFrame, time: str) -> tuple[datetime, datetime] | None:
    """The oldest and the newest `time` of the batch, a column of timestamps, in UTC; None where it has no rows."""
    oldest, newest = batch.agg(F.unix_micros(F.min(time)), F.unix_micros(F.max(time))).collect()[0]
    return None if oldest is None else (_moment(oldest), _moment(newest))


def _moment(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
