"""Which horizons of a post wait in the state of the join, by Spark's own reader of state stores."""

from __future__ import annotations

import logging

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

log = logging.getLogger(__name__)

JOIN = "symmetricHashJoin"


def held_horizons(spark: SparkSession, checkpoint: str, source: str, post_id: str, coin: str) -> frozenset[int] | None:
    """Those that the join held after its newest committed batch; None when the state cannot be read."""
    # Spark's reader asks a coordinator for the snapshots, which is only there once the streams have been looked at.
    _ = spark.streams.active
    try:
        operators = spark.read.format("state-metadata").load(checkpoint)
        found = operators.where(F.col("operatorName").startswith(JOIN)).select("operatorId").first()
        if found is None:
            return None
        state = (
            spark.read.format("statestore")
            .option("operatorId", int(found["operatorId"]))
            .option("joinSide", "left")
            .load(checkpoint)
        )
        of_post = (
            (F.col("value.post_id") == post_id) & (F.col("value.source") == source) & (F.col("value.symbol") == coin)
        )
        rows = state.where(of_post).select("value.horizon_minutes").distinct().collect()
    except (PySparkException, Py4JError) as error:
        log.warning("Spark's state cannot be read: %s", str(error).partition("\n")[0][:300])
        return None
    return frozenset(int(row["horizon_minutes"]) for row in rows)
