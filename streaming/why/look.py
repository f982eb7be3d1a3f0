"""What is known of a post: looked up in MongoDB, in the newest progress, and in Spark's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import Binary
from pymongo.database import Database
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from newswake.errors import ServiceError
from newswake.health.read import read, read_reports
from newswake.health.rules import data_now, limits_for
from newswake.settings import Streaming
from streaming.context import Context
from streaming.queries import post_prices
from streaming.schemas import POSTS
from streaming.transforms.due import due_rows
from streaming.why.fate import Due, Fate, Known, fate_of
from streaming.why.state import held_horizons

Document = Mapping[str, Any]
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Found:
    """A post, and what became of each of its prices; `says` is all there is when it is not joined with the coin."""

    post: Document | None
    coin: str
    fates: tuple[Fate, ...] = ()
    says: str = ""


def why(context: Context, database: Database[dict[str, Any]], post: str, coin: str) -> list[Found]:
    """One a post of that id: two sources may use the same. `post` is an id, or source:id.

    Raises `ServiceError` when no post is named.
    """
    if not post or not coin:
        raise ServiceError("Name a post and a coin: make why POST=9000017 COIN=BTC")
    symbol = coin.strip().upper()
    documents = list(database["posts"].find({"$or": [{"_id": post}, {"post_id": post}]}))
    if not documents:
        return [Found(None, symbol, says=_not_held(database, post))]
    return [_look(context, database, document, symbol) for document in documents]


def _not_held(database: Database[dict[str, Any]], post: str) -> str:
    """Refused, not read yet, or never received."""
    keys = [Binary(name.encode()) for name in {post, post.partition(":")[2] or post}]
    letter = database["dead_letters"].find_one({"key": {"$in": keys}}, sort=[("kafka_time", -1)])
    if letter is not None:
        place = f"{letter['topic']}, partition {letter['partition']}, offset {letter['offset']}"
        return f"refused at {letter['kafka_time']:%Y-%m-%d %H:%M:%S}: {letter['reason']} ({place})"
    behind = sum(report.messages_behind for report in read_reports(database).get("posts", ())[:1])
    waiting = f"; the query posts has {behind:,} messages to read" if behind else ""
    return f"not received: neither a post nor a refused message of that id is there{waiting}"


def _look(context: Context, database: Database[dict[str, Any]], post: Document, coin: str) -> Found:
    streaming = context.settings.streaming
    if coin not in post["currencies"]:
        tags = ", ".join(post["currencies"]) or "no coin"
        return Found(post, coin, says=f"not tagged with {coin}: it is tagged with {tags}")
    dues = due_of(context.spark, post, coin, streaming)
    if not dues:
        return Found(
            post, coin, says=f"not joined: streaming.join_posts is {streaming.join_posts}, hot is {post['hot']}"
        )
    checkpoint = context.checkpoint(post_prices.NAME)
    inputs = read(database, datetime.now(UTC))
    rows = database["post_prices"].find({"source": post["source"], "post_id": post["post_id"], "symbol": coin})
    by_horizon = {int(row["horizon_minutes"]): row for row in rows}
    minutes = {due.target_time - MINUTE: due.horizon_minutes for due in dues}
    candles = database["candles"].find({"symbol": coin, "open_time": {"$in": list(minutes)}})
    unknown = any(due.horizon_minutes not in by_horizon for due in dues) and checkpoint.has_begun()
    known = Known(
        first_seen_at=post["first_seen_at"],
        rows=by_horizon,
        candles={minutes[candle["open_time"]]: candle for candle in candles},
        watermark=checkpoint.watermark(),
        now=data_now(inputs, limits_for(inputs.application)),
        lateness_minutes=streaming.lateness_minutes,
        held=held_horizons(context.spark, checkpoint.path, post["source"], post["post_id"], coin) if unknown else None,
        repaired_at=inputs.repair.ended_at if inputs.repair else None,
    )
    return Found(post, coin, tuple(fate_of(due, known) for due in dues))


def due_of(spark: SparkSession, post: Document, coin: str, streaming: Streaming) -> list[Due]:
    """What the post is owed for the coin, by the join's own rule; nothing when it is not joined."""
    values = {name: post.get(name) for name in POSTS.names if name not in ("votes", "currencies")}
    values |= {"votes": None, "currencies": [coin]}
    frame = spark.createDataFrame([tuple(values[name] for name in POSTS.names)], POSTS)
    due = due_rows(frame.withColumn("position", F.lit(0)), streaming.horizons_minutes, streaming.join_posts)
    # As milliseconds, because PySpark gives times in the zone of the machine.
    rows = due.select(
        "horizon_minutes", F.unix_millis("target_time").alias("target"), F.unix_millis("hour").alias("hour")
    )
    return [
        Due(int(row["horizon_minutes"]), _utc(row["target"]), _utc(row["hour"]))
        for row in sorted(rows.collect(), key=lambda row: int(row["horizon_minutes"]))
    ]


def _utc(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1_000, UTC)
