"""A naive Spark range join: candles exploded, a post's target time between the open and the close of a candle.

As one writes it at first: Spark's own settings, its default state store, the watermarks of both topics.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.avro.functions import from_avro

from benchmarks.speed.engines.job import from_environment
from benchmarks.speed.engines.spark_session import CANDLES_PAGES_A_BATCH, Sums, run_once, session
from benchmarks.speed.engines.tell import Teller
from newswake.avro_page import HEADER, MARKER, SCHEMA_TEXT
from newswake.settings import Kafka
from streaming.schemas import CANDLE_MESSAGE, POST_MESSAGE
from streaming.sources import read_topic

SPARKS_OWN = {
    "spark.sql.streaming.stateStore.providerClass": (
        "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider"
    ),
    "spark.sql.streaming.join.stateFormatVersion": "2",
    "spark.sql.optimizer.excludedRules": "",
}


def _page(value: Column) -> Column:
    """What the join needs of a page, in whichever form."""
    avro = from_avro(F.substring(value, len(HEADER) + 1, 2**31 - 1), SCHEMA_TEXT)
    json = F.from_json(value.cast("string"), CANDLE_MESSAGE)
    return F.when(F.substring(value, 1, len(MARKER)) == F.lit(MARKER), _columns(avro)).otherwise(_columns(json))


def _columns(page: Column) -> Column:
    return F.struct(*(page[name].alias(name) for name in ("symbol", "open_time", "close")))


def main() -> None:
    job, tell = from_environment(), Teller()
    spark = session("range join", SPARKS_OWN)
    kafka = Kafka(bootstrap_servers=job.bootstrap_servers, posts_topic=job.posts_topic, candles_topic=job.candles_topic)
    text = F.col("value").cast("string")
    candles = (
        read_topic(spark, kafka, kafka.candles_topic, CANDLES_PAGES_A_BATCH)
        .select(_page(F.col("value")).alias("page"))
        .select("page.symbol", F.explode(F.arrays_zip("page.open_time", "page.close")).alias("candle"))
        .select("symbol", F.timestamp_millis("candle.open_time").alias("open_time"), "candle.close")
        .withWatermark("open_time", "7 hours")
    )
    horizons = F.array(*(F.lit(horizon) for horizon in job.horizons))
    posts = (
        read_topic(spark, kafka, kafka.posts_topic)
        .select(F.from_json(text, POST_MESSAGE).alias("post"))
        .select("post.published_at", F.explode("post.currencies.code").alias("coin"))
        .select("coin", F.to_timestamp("published_at").alias("published_at"), F.explode(horizons).alias("horizon"))
        .withColumn("target_time", F.date_trunc("minute", "published_at") + F.make_dt_interval(mins=F.col("horizon")))
        .withWatermark("target_time", "31 hours")
    )
    minute = F.expr("interval 1 minute")
    inside = (F.col("open_time") >= F.col("target_time") - minute) & (F.col("open_time") < F.col("target_time"))
    joined = posts.join(candles, on=(F.col("coin") == F.col("symbol")) & inside, how="inner")
    run_once(joined.select(F.col("close").alias("price")), Sums("price"), job, tell)
    spark.stop()


if __name__ == "__main__":
    main()
