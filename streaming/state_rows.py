"""Whether Spark counts the rows that the join holds.

RocksDB does not know how many rows it has. To count them, Spark looks each one up before it is written or deleted,
which is a third of the time of the join over history. Nobody watches a run that ends by itself, so there they are not
counted, and our reports say that they are unknown. A store that is counted again counts itself when it is loaded.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from streaming.context import Context
from streaming.session_conf import configured

TRACKED = "spark.sql.streaming.stateStore.rocksdb.trackTotalNumberOfRows"
PROVIDER = "spark.sql.streaming.stateStore.providerClass"


def are_counted(context: Context) -> bool:
    """Other stores than RocksDB know their rows anyway."""
    is_rocksdb = "RocksDB" in str(context.spark.conf.get(PROVIDER))
    return not (is_rocksdb and context.once and context.settings.streaming.count_state_rows == "live")


def told(context: Context) -> AbstractContextManager[None]:
    """Spark knows it in the block, for queries that start there."""
    return configured(context.spark, {TRACKED: str(are_counted(context)).lower()})
