"""Prices and returns by horizon: the wake of each post, as a pure function of the tables."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def impacts(post_prices: DataFrame, posts: DataFrame) -> DataFrame:
    """`post_prices` and the observations in `posts` -> one row a post and coin.

    Columns: source, post_id, symbol, published_at, title, url, hot, hot_at, first_seen_at, `prices`, `statuses` and
    `returns` (maps by horizon in minutes). return(h) = price(h) / price(0) - 1, a fraction; null where either price is
    missing. `hot` is true when any observation said so, else what the newest one says; `hot_at` is when the first
    observation that said so was seen.
    """
    by_post = posts.groupBy("source", "post_id").agg(
        F.max_by("title", "seen_at").alias("title"),
        F.max_by("url", "seen_at").alias("url"),
        F.when(F.max("hot"), F.lit(True)).otherwise(F.max_by("hot", "seen_at")).alias("hot"),
        F.min(F.when(F.col("hot"), F.col("seen_at"))).alias("hot_at"),
        F.min("seen_at").alias("first_seen_at"),
    )
    entry = F.struct("horizon_minutes", "price")
    status = F.struct("horizon_minutes", "price_status")
    at_once = F.max(F.when(F.col("horizon_minutes") == 0, F.col("price")))
    by_coin = post_prices.groupBy("source", "post_id", "symbol").agg(
        F.min("published_at").alias("published_at"),
        F.map_from_entries(F.array_sort(F.collect_list(entry))).alias("prices"),
        F.map_from_entries(F.array_sort(F.collect_list(status))).alias("statuses"),
        at_once.alias("price_at_publication"),
    )
    returns = F.transform_values("prices", lambda _, price: price / F.col("price_at_publication") - 1)
    return by_coin.join(by_post, on=["source", "post_id"], how="left").select(
        "source",
        "post_id",
        "symbol",
        "published_at",
        "title",
        "url",
        "hot",
        "hot_at",
        "first_seen_at",
        "prices",
        "statuses",
        returns.alias("returns"),
    )
