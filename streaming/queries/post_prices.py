"""The join: every hot post with the candles that follow it. What the project exists for (design: section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQuery

from streaming.checkpoints import Fingerprint
from streaming.context import Context
from streaming.past_clock import past_clock
from streaming.schemas import KEYS, POST_PRICES
from streaming.sinks.batch import Output, start_query
from streaming.sinks.documents import post_price_documents
from streaming.transforms.due import JoinPosts, due_rows
from streaming.transforms.first import first_by
from streaming.transforms.pages import hour_pages, place_in

NAME = "post_prices"
KEY = list(KEYS[NAME])


def build(
    posts: DataFrame,
    candles: DataFrame,
    *,
    horizons: Sequence[int],
    lateness_minutes: int,
    join_posts: JoinPosts = "all",
    until: datetime | None = None,
) -> DataFrame:
    """Observations and hour pages -> rows of `post_prices`, streaming or static.

    `posts`: as `due_rows` takes them; `candles`: as `hour_pages` gives them. On static frames the first observation of
    a post (by seen_at, then position) gives its publication time, of several candles of one minute the first (by
    seen_at, then position) wins, and an unpriced row whose hour lies after `until` is left out: the stream would still
    wait for it.

    Streaming, each of these parts was found to be needed (tests/streams has a test for each that fails without it):
    the posts' watermark lags by the lateness, the hour that `hour` is rounded down by, and the largest horizon, because
    the post that makes the clock may be as much younger than the next one's first target; heartbeats keep the clock
    going while nothing is posted; duplicates are dropped before the join (re-seen posts) and after it (re-sent pages).
    """
    due = due_rows(posts, horizons, join_posts)
    streaming = due.isStreaming
    if streaming:
        due = due.withWatermark("hour", f"{lateness_minutes + 60 + max(horizons)} minutes")
        candles = candles.withWatermark("hour", f"{lateness_minutes + 60} minutes")
        # Rows that only tell the time, as heartbeats do (past_clock.py).
        candles = candles.where(F.col("symbol").isNotNull() | _never())
    # The heartbeats have done their work. Only a condition that names the event-time column stays behind the
    # watermark: the optimizer pushes any other below it, and the heartbeats would never be counted.
    due = due.where(F.col("post_id").isNotNull() | _never())
    due = due.dropDuplicatesWithinWatermark(KEY) if streaming else first_by(due, KEY, ["seen_at", "position"])

    joined = _match(due, candles)
    if streaming:
        rows = joined.dropDuplicates([*KEY, "hour"])
    else:
        rows = first_by(joined, KEY, ["candle_seen_at", "candle_position"])
        if until is not None:
            rows = rows.where(F.col("price").isNotNull() | (F.col("hour") <= F.lit(until)))
    return rows.select(*[F.col(field.name).cast(field.dataType) for field in POST_PRICES])


def start(context: Context) -> StreamingQuery:
    """Start the query on both topics."""
    streaming = context.settings.streaming
    heard, paged = past_clock(context, context.checkpoint(NAME))
    rows = build(
        context.inputs.posts.unionByName(heard, allowMissingColumns=True),
        hour_pages(context.inputs.pages).unionByName(paged, allowMissingColumns=True),
        horizons=streaming.horizons_minutes,
        lateness_minutes=streaming.lateness_minutes,
        join_posts=streaming.join_posts,
    )
    # The stream forgets a post after a while, and the repair may have priced it: a post that is dated anew then comes
    # again. What the table holds stays, in MongoDB too.
    output = Output(
        NAME,
        documents=post_price_documents,
        order=["target_time"],
        guard=context.post_prices_lock,
        goes_first=True,
    )
    return start_query(context, rows, output)


def fingerprint(context: Context) -> Fingerprint:
    """The settings that this query's state was made with and cannot change."""
    streaming = context.settings.streaming
    conf = context.spark.conf
    return {
        "form": 3,
        "topics": f"{context.settings.kafka.posts_topic}, {context.settings.kafka.candles_topic}",
        "horizons_minutes": list(streaming.horizons_minutes),
        "lateness_minutes": streaming.lateness_minutes,
        "join_posts": streaming.join_posts,
        "shuffle_partitions": int(str(conf.get("spark.sql.shuffle.partitions"))),
        "state_store": str(conf.get("spark.sql.streaming.stateStore.providerClass")),
        "join_state_format": int(str(conf.get("spark.sql.streaming.join.stateFormatVersion"))),
    }


def _never() -> Column:
    """A condition on the event time that no row fulfils."""
    return F.col("hour") < F.lit(datetime(1971, 1, 1))


def _match(due: DataFrame, candles: DataFrame) -> DataFrame:
    """Left outer join on (symbol, hour), the minute being found inside the page. The arrays stay whole until then."""
    post = due.alias("post")
    page = candles.alias("page")
    place = place_in("page", F.col("post.target_open"))
    same_hour = (F.col("post.symbol") == F.col("page.symbol")) & (F.col("post.hour") == F.col("page.hour"))
    found = F.get("page.closes", place)
    filled = F.coalesce(F.get("page.filled", place), F.lit(False))
    missing = F.col("page.symbol").isNull()
    return post.join(page, on=same_hour & place.isNotNull(), how="leftOuter").select(
        "post.post_id",
        "post.source",
        "post.hot",
        "post.symbol",
        "post.horizon_minutes",
        "post.published_at",
        "post.seen_at",
        "post.target_time",
        "post.hour",
        F.when(~missing, found).alias("price"),
        F.when(missing, "missing").when(filled, "filled").otherwise("exact").alias("price_status"),
        F.col("page.exchange").alias("exchange"),
        F.lit(None).cast("timestamp").alias("repaired_at"),
        F.col("page.seen_at").alias("candle_seen_at"),
        F.col("page.position").alias("candle_position"),
    )
