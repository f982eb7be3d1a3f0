"""Rows as MongoDB keeps them: the same columns, and the `_id` that makes a row that row."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from streaming.schemas import CANDLE_REVISIONS, CANDLES, DEAD_LETTERS, POST_PRICES, POSTS

# A document may have 16 MB; a dead letter is whole in the lake and cut in MongoDB.
MAX_BYTES_SHOWN = 262_144


def candle_documents(rows: DataFrame, ttl_days: int) -> DataFrame:
    """Rows of `candles` with `_id` exchange:symbol/quote:interval:open_time and `expire_at` for the TTL index.

    Retention counts from the newest candle of the rows, which are one batch, and not from the wall clock: an old
    recording, or history that is fetched long after, is not deleted at once. `expire_at` is when, at the pace of the
    wall clock, that candle will be `ttl_days` younger than this one; so the newest of every batch stays for `ttl_days`,
    and what is older than that in the same batch only goes to the lake.
    """
    newest = rows.agg(F.max("open_time").alias("newest"))
    age_seconds = F.unix_timestamp("newest") - F.unix_timestamp("open_time")
    left_seconds = F.lit(ttl_days * 86_400) - age_seconds
    return rows.crossJoin(F.broadcast(newest)).select(
        _candle_id().alias("_id"),
        *CANDLES.names,
        F.timestamp_seconds(F.unix_timestamp() + left_seconds).alias("expire_at"),
    )


def revision_documents(rows: DataFrame, ttl_days: int) -> DataFrame:
    """Rows of `candle_revisions` with the `_id` of their candle:revision; they leave after `ttl_days`."""
    identity = F.concat(_candle_id(), F.lit(":"), "revision")
    return rows.select(identity.alias("_id"), *CANDLE_REVISIONS.names, _leaves_after(ttl_days))


def _candle_id() -> Column:
    open_ms = F.unix_millis("open_time").cast("string")
    return F.concat("exchange", F.lit(":"), "symbol", F.lit("/"), "quote", F.lit(":"), "interval", F.lit(":"), open_ms)


def _leaves_after(days: int) -> Column:
    """`expire_at` for the TTL index, counted from now."""
    return F.timestamp_seconds(F.unix_timestamp() + F.lit(days * 86_400)).alias("expire_at")


def post_price_documents(rows: DataFrame) -> DataFrame:
    """Rows of `post_prices` with `_id` source:post:symbol:horizon."""
    return rows.select(
        F.concat_ws(":", "source", "post_id", "symbol", F.col("horizon_minutes").cast("string")).alias("_id"),
        *POST_PRICES.names,
    )


def dead_letter_documents(rows: DataFrame, ttl_days: int) -> DataFrame:
    """Rows of `dead_letters` with `_id` topic:partition:offset, the bytes cut to what a document can hold.

    They leave after `ttl_days`: a sender gone wrong must not fill the database; the lake has them all.
    """
    columns = {name: F.col(name) for name in DEAD_LETTERS.names}
    for name in ("key", "value"):
        columns[name] = F.substring(name, 1, MAX_BYTES_SHOWN)
    return rows.select(
        F.concat_ws(":", "topic", F.col("partition").cast("string"), F.col("offset").cast("string")).alias("_id"),
        *(column.alias(name) for name, column in columns.items()),
        F.length("value").alias("value_bytes"),
        _leaves_after(ttl_days),
    )


def post_id_of(source: Column | str, post_id: Column | str) -> Column:
    """The `_id` of a post: source:id."""
    return F.concat_ws(":", source, post_id)


POST_DOCUMENT: Final = T.StructType(
    [
        T.StructField("_id", T.StringType()),
        *POSTS.fields,
        T.StructField("first_seen_at", T.TimestampType()),
        T.StructField("hot_at", T.TimestampType()),
    ]
)


def newest_posts(rows: DataFrame, held: DataFrame) -> DataFrame:
    """Observations and the documents that are held of the same posts -> one document a post.

    It has the columns of the newest observation (by seen_at), `first_seen_at`, and `hot_at`: when the first observation
    that listed it as hot was seen.
    """
    observed = rows.select(
        post_id_of("source", "post_id").alias("_id"),
        *POSTS.names,
        F.col("seen_at").alias("first_seen_at"),
        F.when(F.col("hot"), F.col("seen_at")).alias("hot_at"),
    )
    state = F.struct(*POSTS.names)
    return (
        observed.unionByName(held.select(*POST_DOCUMENT.names))
        .groupBy("_id")
        .agg(
            F.max_by(state, "seen_at").alias("state"),
            F.min("first_seen_at").alias("first_seen_at"),
            F.min("hot_at").alias("hot_at"),
        )
        .select("_id", "state.*", "first_seen_at", "hot_at")
    )
