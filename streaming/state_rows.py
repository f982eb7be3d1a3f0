"""Whether Spark counts the rows that the join holds.

RocksDB does not know how many rows it has. To count them, Spark looks each one up before it is written or deleted,
which is a quarter of the time in which the join goes through history. Nobody watches a run that ends by itself, so
there they are not counted, and reported as unknown. A store that is counted again counts itself when it is loaded.
"""

from __future__ import annotations

from streaming.context import Context

TRACKED = "spark.sql.streaming.stateStore.rocksdb.trackTotalNumberOfRows"


def are_counted(context: Context) -> bool:
    wanted = context.settings.streaming.count_state_rows
    return wanted == "always" or (wanted == "live" and not context.once)


def count(context: Context) -> None:
    """Tell Spark; for queries that start after this."""
    context.spark.conf.set(TRACKED, str(are_counted(context)).lower())
