"""The query `posts`: every observation in the lake, the newest state of each post in MongoDB."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQuery

from streaming.checkpoints import Fingerprint
from streaming.context import Context
from streaming.schemas import POSTS
from streaming.sinks import mongo
from streaming.sinks.batch import Output, start_query
from streaming.sinks.documents import POST_DOCUMENT, newest_posts, post_id_of

NAME = "posts"


def build(parsed: DataFrame) -> DataFrame:
    """Parsed messages (parsing/posts.py) -> one row an observation in the shape of `posts`, and `position`.

    Heartbeats and refused messages give no row: nothing is exploded for them. A filter would parse a second time.
    """
    accepted = F.col("reason").isNull() & F.col("heartbeat").isNull()
    row = F.struct(*POSTS.names, "position")
    return parsed.select(F.explode(F.when(accepted, F.array(row))).alias("row")).select("row.*")


def start(context: Context) -> StreamingQuery:
    """Start the query on the posts topic."""
    settings = context.settings

    def documents(rows: DataFrame) -> DataFrame:
        """The state of each post in the batch, taking in what MongoDB holds of it: an older one never replaces it."""
        ids = [row["_id"] for row in rows.select(post_id_of("source", "post_id").alias("_id")).distinct().collect()]
        return newest_posts(rows, mongo.read(context.spark, settings.mongo, NAME, POST_DOCUMENT, ids))

    output = Output(NAME, documents=documents, order=["position"], time="seen_at", changes=True)
    return start_query(context, build(context.inputs.posts), output)


def fingerprint(context: Context) -> Fingerprint:
    """The settings that this query's checkpoint cannot change."""
    return {"topic": context.settings.kafka.posts_topic}
