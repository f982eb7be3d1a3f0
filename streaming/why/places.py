"""Where a post, a refused message and a candle are looked up: in MongoDB, and whole in the lake."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bson import Binary
from pymongo.database import Database
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from newswake.health.inputs import MINUTE
from streaming.context import Context
from streaming.schemas import TABLES
from streaming.sinks import delta
from streaming.sinks.documents import POST_DOCUMENT, newest_posts, post_id_of
from streaming.sinks.new_rows import over_the_span

Document = Mapping[str, Any]


class Place(Protocol):
    """`post` is an id, or source:id."""

    def posts(self, post: str) -> Sequence[Document]: ...

    def refused(self, keys: Sequence[bytes]) -> Document | None:
        """The newest refused message with one of these keys."""

    def candles(self, coin: str, minutes: Collection[datetime]) -> dict[datetime, Document]:
        """By open time; of several candles of one minute the one that was seen first."""


class InMongo:
    """What people look at now: dead letters and candles leave it after a while."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database

    def posts(self, post: str) -> Sequence[Document]:
        return list(self._database["posts"].find({"$or": [{"_id": post}, {"post_id": post}]}))

    def refused(self, keys: Sequence[bytes]) -> Document | None:
        wanted = {"key": {"$in": [Binary(key) for key in keys]}}
        return self._database["dead_letters"].find_one(wanted, sort=[("kafka_time", -1)])

    def candles(self, coin: str, minutes: Collection[datetime]) -> dict[datetime, Document]:
        found = self._database["candles"].find({"symbol": coin, "open_time": {"$in": list(minutes)}})
        return {candle["open_time"]: candle for candle in found.sort("seen_at", -1)}


class InLake:
    """Everything, for ever. Each look is a job of Spark, with a filter that skips files where there can be one."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def posts(self, post: str) -> Sequence[Document]:
        is_named = (F.col("post_id") == post) | (post_id_of("source", "post_id") == post)
        observed = self._table("posts").where(F.col("post_id").isin(ids_in(post)) & is_named)
        return _documents(newest_posts(observed, self._context.spark.createDataFrame([], POST_DOCUMENT)))

    def refused(self, keys: Sequence[bytes]) -> Document | None:
        letters = self._table("dead_letters").where(F.col("key").isin(list(keys)))
        newest = letters.select("topic", "partition", "offset", "kafka_time", "reason").orderBy(F.desc("kafka_time"))
        return next(iter(_documents(newest.limit(1))), None)

    def candles(self, coin: str, minutes: Collection[datetime]) -> dict[datetime, Document]:
        span = over_the_span(self._table("candles"), "open_time", (min(minutes), max(minutes)))
        found = span.where((F.col("symbol") == coin) & F.col("open_time").isin(list(minutes)))
        return {candle["open_time"]: candle for candle in _documents(found.orderBy(F.desc("seen_at")))}

    def newest_close(self, since: datetime | None) -> datetime | None:
        """Of the candles that opened after `since`; None when there are none."""
        candles = self._table("candles")
        newer = candles if since is None else candles.where(F.col("open_time") >= F.lit(since))
        (found,) = _documents(newer.agg(F.max("open_time").alias("open_time")))
        return found["open_time"] + MINUTE if found["open_time"] else None

    def _table(self, name: str) -> DataFrame:
        path = self._context.table(name)
        if delta.is_table(self._context.spark, path):
            return delta.read(self._context.spark, path)
        return self._context.spark.createDataFrame([], TABLES[name])


def ids_in(post: str) -> list[str]:
    """What may be the id in an id or source:id. The name of a source has no colon, an id may have some.

    >>> ids_in("rss:a:7")
    ['rss:a:7', 'a:7']
    """
    within = post.partition(":")[2]
    return [post, within] if within else [post]


def _documents(frame: DataFrame) -> list[dict[str, Any]]:
    # By Arrow, because PySpark's own rows have times in the zone of the machine.
    return list(frame.toArrow().to_pylist())
