"""Whether Spark counts the rows that the join holds.

RocksDB does not know how many rows it has. To count them, Spark looks each one up before it is written or deleted,
which is a third of the time of the join over history. Nobody watches a run that ends by itself, so there they are not
counted, and our reports say that they are unknown. A store that is counted again counts itself when it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from streaming.context import Context

TRACKED = "spark.sql.streaming.stateStore.rocksdb.trackTotalNumberOfRows"
PROVIDER = "spark.sql.streaming.stateStore.providerClass"


def are_counted(context: Context) -> bool:
    """Other stores than RocksDB know their rows anyway."""
    is_rocksdb = "RocksDB" in str(context.spark.conf.get(PROVIDER))
    return not (is_rocksdb and context.once and context.settings.streaming.count_state_rows == "live")


@contextmanager
def told(context: Context) -> Iterator[None]:
    """Spark knows it in the block, for queries that start there; the session is given back as it was."""
    conf = context.spark.conf
    before = conf.get(TRACKED, "true")
    conf.set(TRACKED, str(are_counted(context)).lower())
    try:
        yield
    finally:
        conf.set(TRACKED, str(before))
