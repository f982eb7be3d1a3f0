"""Spark reading and parsing only, with the application's own functions: what the join cannot be faster than.

Its rows and total are the candles and the sum of their closes.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.speed.engines.job import from_environment
from benchmarks.speed.engines.spark_session import PAGES_A_BATCH, TOLERANCE_SECONDS, run_once, session
from benchmarks.speed.engines.tell import Teller
from newswake.settings import Kafka
from streaming.parsing.candles import parse_candles
from streaming.sources import read_topic
from streaming.transforms.pages import hour_pages


class Columns:
    """Counts what is in arrays and adds it up."""

    def __init__(self) -> None:
        self.rows = 0
        self.total = 0.0

    def write(self, batch: DataFrame, batch_id: int) -> None:
        closes = batch.select(F.explode("closes").alias("close"))
        found = closes.agg(F.count("close").alias("rows"), F.sum("close").alias("total")).first()
        if found is not None:
            self.rows += found["rows"] or 0
            self.total += found["total"] or 0.0


def main() -> None:
    job, tell = from_environment(), Teller()
    spark = session("parse only", {})
    kafka = Kafka(bootstrap_servers=job.bootstrap_servers, candles_topic=job.candles_topic)
    messages = read_topic(spark, kafka, kafka.candles_topic, PAGES_A_BATCH)
    run_once(hour_pages(parse_candles(messages, TOLERANCE_SECONDS)), Columns(), job, tell)
    spark.stop()


if __name__ == "__main__":
    main()
