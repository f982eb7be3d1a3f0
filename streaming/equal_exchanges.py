"""Whether Spark looks for exchanges and subqueries that a plan has twice.

It compares each with each, in every batch, and no query has one twice. The repair does: it asks the same of the posts
in three places, and without the look Spark would collect, send and keep their candles three times.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from pyspark.sql import SparkSession

from streaming.session_conf import configured

LOOKS = ("spark.sql.exchange.reuse", "spark.sql.execution.reuseSubquery")


def not_sought(spark: SparkSession) -> AbstractContextManager[None]:
    """Spark does not look in queries that start in the block."""
    return configured(spark, dict.fromkeys(LOOKS, "false"))
