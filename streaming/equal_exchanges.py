"""Whether Spark looks for exchanges and subqueries that a plan has twice.

It compares each with each, in every batch, and no query has one twice. The repair does: it asks the same of the posts
in three places, and without the look Spark would collect, send and keep their candles three times.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

LOOKS = ("spark.sql.exchange.reuse", "spark.sql.execution.reuseSubquery")


@contextmanager
def not_sought(spark: SparkSession) -> Iterator[None]:
    """Spark does not look in queries that start in the block; the session is given back as it was."""
    before = {name: spark.conf.get(name) for name in LOOKS}
    try:
        for name in LOOKS:
            spark.conf.set(name, "false")
        yield
    finally:
        for name, value in before.items():
            spark.conf.set(name, str(value))
