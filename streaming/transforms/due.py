"""Which prices a post is owed: one row a coin and horizon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

JoinPosts = Literal["all", "hot", "hot_or_unknown"]


def due_rows(posts: DataFrame, horizons: Sequence[int], join_posts: JoinPosts = "all") -> DataFrame:
    """Observations -> one row a post, coin and horizon (minutes), and one for each heartbeat.

    `posts` has post_id, source, hot, currencies, published_at, seen_at, position, and may have `heartbeat` (timestamp)
    and `reason` (a refused message gives no row). Added are symbol, horizon_minutes, target_time (the minute of
    publication, rounded down, plus the horizon), `target_open` (epoch milliseconds: the open time of the candle that
    closes at the target time) and `hour` (of the page that holds this candle). A heartbeat has no post_id; its `hour`
    is its time plus the largest horizon.
    """
    if "heartbeat" not in posts.columns:
        posts = posts.withColumn("heartbeat", F.lit(None).cast("timestamp"))
    if "reason" not in posts.columns:
        posts = posts.withColumn("reason", F.lit(None).cast("string"))
    is_post = F.col("heartbeat").isNull()
    rows = F.when(is_post & _is_joined(join_posts), _coins_by_horizons(horizons)).when(
        ~is_post, F.array(_heartbeat_row(max(horizons)))
    )
    exploded = posts.select(
        F.explode(F.when(F.col("reason").isNull(), rows)).alias("row"),
        F.when(is_post, F.col("post_id")).alias("post_id"),
        "source",
        "hot",
        "published_at",
        "seen_at",
        "position",
    )
    return exploded.select(
        "post_id",
        "source",
        "hot",
        "published_at",
        "seen_at",
        "position",
        F.col("row.symbol").alias("symbol"),
        F.col("row.horizon").alias("horizon_minutes"),
        F.col("row.target_time").alias("target_time"),
        F.unix_millis(F.col("row.target_time") - _minutes(1)).alias("target_open"),
        F.col("row.hour").alias("hour"),
    )


def _is_joined(join_posts: JoinPosts) -> Column:
    if join_posts == "all":
        return F.lit(True)
    return F.coalesce(F.col("hot"), F.lit(join_posts == "hot_or_unknown"))


def _coins_by_horizons(horizons: Sequence[int]) -> Column:
    # By a lambda over the numbers: a column for each horizon would be planned anew in every batch.
    def rows_of(coin: Column) -> Column:
        return F.transform(F.array(*(F.lit(horizon) for horizon in horizons)), lambda horizon: row_of(coin, horizon))

    def row_of(coin: Column, horizon: Column) -> Column:
        target = F.date_trunc("minute", "published_at") + F.make_dt_interval(mins=horizon)
        return F.struct(
            coin.alias("symbol"),
            horizon.alias("horizon"),
            target.alias("target_time"),
            F.date_trunc("hour", target - _minutes(1)).alias("hour"),
        )

    return F.flatten(F.transform("currencies", rows_of))


def _heartbeat_row(largest_horizon: int) -> Column:
    return F.struct(
        F.lit(None).cast("string").alias("symbol"),
        F.lit(None).cast("int").alias("horizon"),
        F.lit(None).cast("timestamp").alias("target_time"),
        (F.col("heartbeat") + _minutes(largest_horizon)).alias("hour"),
    )


def _minutes(count: int) -> Column:
    return F.make_dt_interval(mins=F.lit(count))
