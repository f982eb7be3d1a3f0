"""What is due and not there, by coin and hour."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from streaming.schemas import KEYS

KEY = list(KEYS["post_prices"])


def late_by_hour(due: DataFrame, present: DataFrame, until: datetime) -> DataFrame:
    """One row a coin and hour of the target time, up to `until`: symbol, hour, due, priced, missing, absent.

    `due` has the key of `post_prices`, target_time and hour, once each (hour: of the page that holds the candle);
    `present` is the table. due = priced + missing + absent: `missing` rows are stated without a price, `absent` ones
    are not in the table at all.
    """
    rows = due.where(F.col("hour") <= F.lit(until)).join(present.select(*KEY, "price_status"), on=KEY, how="left")
    status = F.col("price_status")
    return (
        rows.groupBy("symbol", "hour")
        .agg(
            F.count(F.lit(1)).alias("due"),
            F.count_if(status.isin("exact", "filled")).alias("priced"),
            F.count_if(status == "missing").alias("missing"),
            F.count_if(status.isNull()).alias("absent"),
        )
        .orderBy("hour", "symbol")
    )
