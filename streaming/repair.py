"""The repair: what the stream could not price, priced from the tables by the same `build`.

The stream and the repair never write the same row. After a batch with watermark W, the stream has written every row
that it knows of whose hour is not after W, and drops what comes later for those hours; the repair only touches hours
up to the W of the newest committed batch. Only a post that is dated anew can be both's: its row is the stream's again
after it was priced. So each of them, and a second repair that is run by hand, looks under the lock of `post_prices` at
what the table holds, and writes only what it still lacks.

MongoDB is written before Delta, and Delta decides what is owed: a repair that is killed between the two is done again
by the next one, which replaces in MongoDB what it left there.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from streaming.context import Context
from streaming.queries.post_prices import KEY, build
from streaming.schemas import POST_PRICES
from streaming.sinks import delta, mongo
from streaming.sinks.documents import post_price_documents
from streaming.sinks.steps import named_jobs
from streaming.transforms.due import JoinPosts, due_rows
from streaming.transforms.first import first_by
from streaming.transforms.pages import MINUTE_MS, pages_of_rows

log = logging.getLogger(__name__)

# Rows that were on their way between the tables and the last repair are looked at again.
OVERLAP = timedelta(hours=1)
POST = ["source", "post_id"]


@dataclass(frozen=True)
class Seen:
    """How far a repair has looked: hours up to `until`, observations and candles seen up to `seen_at`."""

    until: datetime
    seen_at: datetime


@dataclass(frozen=True)
class Period:
    """Target times from `start`, and before `end`; None: without a bound."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, time: Column) -> Column:
        after = F.lit(True) if self.start is None else time >= F.lit(self.start)
        before = F.lit(True) if self.end is None else time < F.lit(self.end)
        return after & before


ALWAYS = Period()


@dataclass(frozen=True)
class Repaired:
    """What one repair wrote: rows priced, rows stated as missing."""

    priced: int
    missing: int
    seen: Seen | None


def repair(
    context: Context, since: Seen | None = None, period: Period = ALWAYS, until: datetime | None = None
) -> Repaired:
    """Write to both sinks what is due, not present and not the stream's; price `missing` rows whose candle has come.

    Without `since`, everything in the period is looked at; with it, only what became due, was observed or came in after
    it. `until` is the newest hour that is not the stream's, by default what its checkpoint says. May run beside the
    queries and beside another repair.
    """
    with named_jobs(context.spark, "repair: price what came after its time"):
        return _repair(context, since, period, until)


def _repair(context: Context, since: Seen | None, period: Period, until: datetime | None) -> Repaired:
    until = until or context.checkpoint("post_prices").watermark()
    posts = delta.read(context.spark, context.table("posts"))
    candles = delta.read(context.spark, context.table("candles"))
    newest = newest_seen(posts, candles)
    if until is None or newest is None:
        return Repaired(0, 0, None)
    streaming = context.settings.streaming
    present = delta.read(context.spark, context.table("post_prices"))
    owed = unpriced(
        posts,
        candles,
        present,
        horizons=streaming.horizons_minutes,
        join_posts=streaming.join_posts,
        until=until,
        since=since,
        period=period,
    )
    keys, count = pinned(owed)
    if not count:
        return Repaired(0, 0, Seen(until, newest))
    rows, row_count = pinned(
        price(
            posts,
            candles,
            keys,
            horizons=streaming.horizons_minutes,
            lateness_minutes=streaming.lateness_minutes,
            join_posts=streaming.join_posts,
            until=until,
            at=_now(),
        )
    )
    priced, missing = _write(context, rows) if row_count else (0, 0)
    if priced or missing:
        log.info("repaired: %d rows priced, %d stated as missing", priced, missing)
    return Repaired(priced, missing, Seen(until, newest))


def _write(context: Context, rows: DataFrame) -> tuple[int, int]:
    """What the table still lacks of `rows`, to both sinks. Returns how many were priced, and stated as missing."""
    with context.post_prices_lock():
        present = delta.read(context.spark, context.table("post_prices"))
        owed, count = pinned(still_owed(rows, present))
        if not count:
            return 0, 0
        context.may_write()
        mongo.write(post_price_documents(owed), context.settings.mongo, "post_prices")
        _merge(context, owed)
        priced = owed.where(F.col("price").isNotNull()).count()
        return priced, count - priced


def pinned(frame: DataFrame) -> tuple[DataFrame, int]:
    """The frame as of now, and its number of rows."""
    held = as_of_now(frame)
    return held, held.count()


def as_of_now(frame: DataFrame) -> DataFrame:
    """The frame as it is now, cut from the tables that it was computed from.

    A frame that is only kept is forgotten and computed anew, from newer tables, as soon as anyone adds rows to one of
    them, as the queries do every few seconds: the two sinks would get different rows.
    """
    # Renamed, because Spark cannot join columns that it takes for the same ones with the table that they came from.
    columns = [F.col(name).alias(name) for name in frame.columns]
    return frame.select(*columns).localCheckpoint(eager=True)


def still_owed(rows: DataFrame, present: DataFrame) -> DataFrame:
    """Of computed rows, those that the table lacks, and the priced ones that it holds as missing."""
    held = present.join(F.broadcast(rows.select(*KEY)), on=KEY, how="left_semi")
    state = held.select(*KEY, (F.col("price_status") == "missing").alias("is_stated"))
    lacks = F.col("is_stated").isNull() | (F.col("is_stated") & F.col("price").isNotNull())
    return rows.join(state, on=KEY, how="left").where(lacks).select(*POST_PRICES.names)


def newest_seen(posts: DataFrame, candles: DataFrame) -> datetime | None:
    """Up to when both tables have been filled: the older of their newest `seen_at`, None when one is empty."""
    moments = [frame.agg(F.max("seen_at")).collect()[0][0] for frame in (posts, candles)]
    return None if None in moments else min(moments)


def unpriced(
    posts: DataFrame,
    candles: DataFrame,
    present: DataFrame,
    *,
    horizons: tuple[int, ...],
    join_posts: JoinPosts,
    until: datetime,
    since: Seen | None,
    period: Period = ALWAYS,
) -> DataFrame:
    """Rows that are due in the period and up to `until`, and not priced.

    Columns: the key, target_time, `target_open`, `hour`, `is_stated`.
    `is_stated` tells that the table holds the row as missing. With `since`, only rows that became due, were observed,
    or whose candle came in after it.
    """
    if since is not None:
        # Each is read in several places below, so it is computed here, once.
        arrived = as_of_now(arrived_since(candles, since))
        posts = posts.join(as_of_now(touched(posts, arrived, present, horizons, since)), on=POST, how="left_semi")
    due = due_once(posts, horizons, join_posts).where(
        (F.col("hour") <= F.lit(until)) & period.holds(F.col("target_time"))
    )
    stated = F.col("price_status") == "missing"
    state = present.select(*KEY, stated.alias("is_stated"))
    rows = due.join(state, on=KEY, how="left").where(F.coalesce("is_stated", F.lit(True)))
    if since is not None:
        observed = (
            posts.groupBy("source", "post_id")
            .agg(F.max("seen_at").alias("last_seen"))
            .where(F.col("last_seen") >= F.lit(since.seen_at - OVERLAP))
        ).select("source", "post_id", F.lit(True).alias("is_observed"))
        is_new = (
            (F.col("hour") > F.lit(since.until)) | F.col("is_observed").isNotNull() | F.col("has_arrived").isNotNull()
        )
        rows = (
            rows.join(arrived.withColumn("has_arrived", F.lit(True)), on=["symbol", "target_open"], how="left")
            .join(observed, on=["source", "post_id"], how="left")
            .where(is_new)
        )
    return rows.select(
        *KEY, "target_time", "target_open", "hour", F.coalesce("is_stated", F.lit(False)).alias("is_stated")
    )


def arrived_since(candles: DataFrame, since: Seen) -> DataFrame:
    """The minutes (`symbol`, `target_open` in epoch milliseconds) whose candle came in since, once each."""
    seen = candles.where(F.col("seen_at") >= F.lit(since.seen_at - OVERLAP))
    return seen.select("symbol", F.unix_millis("open_time").alias("target_open")).distinct()


def touched(
    posts: DataFrame, arrived: DataFrame, present: DataFrame, horizons: tuple[int, ...], since: Seen
) -> DataFrame:
    """The posts (`source`, `post_id`) of which a row can have become due, been observed or got its candle since.

    `arrived`: as `arrived_since` gives it. Without this a repair's work would grow with all that was ever observed.
    """
    seen_at = F.lit(since.seen_at - OVERLAP)
    first = F.lit(since.until - timedelta(minutes=max(horizons)))
    recent = posts.where((F.col("published_at") >= first) | (F.col("seen_at") >= seen_at)).select(*POST)
    came = arrived.select("symbol", F.timestamp_millis(F.col("target_open") + MINUTE_MS).alias("target_time"))
    stated = present.where(F.col("price_status") == "missing")
    return recent.union(stated.join(came, on=["symbol", "target_time"], how="left_semi").select(*POST)).distinct()


def due_once(posts: DataFrame, horizons: tuple[int, ...], join_posts: JoinPosts) -> DataFrame:
    """Observations -> the rows that are due, as the first observation of each post has them."""
    return first_by(due_rows(posts.withColumn("position", F.lit(0)), horizons, join_posts), KEY, ["seen_at"])


def price(
    posts: DataFrame,
    candles: DataFrame,
    owed: DataFrame,
    *,
    horizons: tuple[int, ...],
    lateness_minutes: int,
    join_posts: JoinPosts,
    until: datetime,
    at: datetime,
) -> DataFrame:
    """`build` over the posts and candles that the owed rows need: rows of `post_prices` that change the table.

    A row that the table holds as missing is only given when it has a price now; `repaired_at` is then `at`. That is a
    value, because Delta's MERGE evaluates its source anew, and Spark's own current time would differ between the sinks.
    """
    needed_posts = posts.join(owed.select("source", "post_id").distinct(), on=["source", "post_id"], how="left_semi")
    minutes = owed.select("symbol", F.timestamp_millis("target_open").alias("open_time")).distinct()
    needed_candles = candles.join(F.broadcast(minutes), on=["symbol", "open_time"], how="left_semi")
    rows = build(
        needed_posts.withColumn("position", F.lit(0)),
        pages_of_rows(needed_candles),
        horizons=horizons,
        lateness_minutes=lateness_minutes,
        join_posts=join_posts,
        until=until,
    )
    changes = F.col("price").isNotNull() | ~F.col("is_stated")
    repaired_at = F.when(F.col("price").isNotNull(), F.lit(at))
    return (
        rows.join(owed.select(*KEY, "is_stated"), on=KEY, how="inner")
        .where(changes)
        .withColumn("repaired_at", repaired_at)
        .select(*POST_PRICES.names)
    )


def _now() -> datetime:
    """In whole milliseconds, which is what MongoDB keeps."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _merge(context: Context, rows: DataFrame) -> None:
    """Into the Delta table: a missing row becomes priced, an absent one is added, a priced one is left alone."""
    same = " and ".join(f"held.{name} = row.{name}" for name in KEY)
    (
        DeltaTable.forPath(context.spark, context.table("post_prices"))
        .alias("held")
        .merge(rows.alias("row"), same)
        .whenMatchedUpdateAll("held.price_status = 'missing' and row.price is not null")
        .whenNotMatchedInsertAll()
        .execute()
    )
