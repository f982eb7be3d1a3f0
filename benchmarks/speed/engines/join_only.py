"""Our own join without its sinks: what a trial of it measures, and what the other engines do, which write no row.

The query as the application builds it, with the same checks of a message, watermarks and deduplications; without what
moves its clock when a topic is silent (past_clock.py), and without all that the application does with a batch.
"""

from __future__ import annotations

from benchmarks.speed.engines.job import from_environment
from benchmarks.speed.engines.spark_session import PAGES_A_BATCH, TOLERANCE_SECONDS, Sums, run_once, session
from benchmarks.speed.engines.tell import Teller
from newswake.settings import Kafka, Streaming
from streaming.parsing.candles import parse_candles
from streaming.parsing.posts import parse_posts
from streaming.queries.post_prices import build
from streaming.sources import read_topic
from streaming.state_rows import TRACKED
from streaming.transforms.pages import hour_pages


def main() -> None:
    job, tell = from_environment(), Teller()
    spark = session("join only", {TRACKED: "false"})
    kafka = Kafka(bootstrap_servers=job.bootstrap_servers, posts_topic=job.posts_topic, candles_topic=job.candles_topic)
    candles = read_topic(spark, kafka, kafka.candles_topic, PAGES_A_BATCH)
    rows = build(
        parse_posts(read_topic(spark, kafka, kafka.posts_topic), TOLERANCE_SECONDS),
        hour_pages(parse_candles(candles, TOLERANCE_SECONDS)),
        horizons=job.horizons,
        lateness_minutes=Streaming().lateness_minutes,
    )
    run_once(rows, Sums("price"), job, tell)
    spark.stop()


if __name__ == "__main__":
    main()
