"""The query `dead_letters`: every message of both topics that was refused, with the reason and its bytes."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQuery

from streaming.checkpoints import Fingerprint
from streaming.context import Context
from streaming.schemas import DEAD_LETTERS
from streaming.sinks.batch import Output, start_query
from streaming.sinks.documents import dead_letter_documents

NAME = "dead_letters"


def build(*parsed: DataFrame) -> DataFrame:
    """Parsed messages of one or more topics -> one row a refused message in the shape of `dead_letters`."""
    refused = [_refused(frame) for frame in parsed]
    union = refused[0]
    for frame in refused[1:]:
        union = union.unionByName(frame)
    return union


def start(context: Context) -> StreamingQuery:
    """Start the query on both topics."""
    frame = build(context.inputs.posts, context.inputs.candles)
    output = Output(
        NAME,
        documents=lambda rows: dead_letter_documents(rows, context.settings.mongo.dead_letters_ttl_days),
        order=["kafka_time"],
        time="kafka_time",
    )
    return start_query(context, frame, output)


def fingerprint(context: Context) -> Fingerprint:
    """The settings that this query's checkpoint cannot change."""
    kafka = context.settings.kafka
    return {"topics": f"{kafka.posts_topic}, {kafka.candles_topic}"}


def _refused(parsed: DataFrame) -> DataFrame:
    row = F.struct("topic", "partition", "offset", F.col("timestamp").alias("kafka_time"), "key", "value", "reason")
    refused = F.when(F.col("reason").isNotNull(), F.array(row))
    return parsed.select(F.explode(refused).alias("row")).select(*(f"row.{name}" for name in DEAD_LETTERS.names))
