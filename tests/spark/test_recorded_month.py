"""The recorded month on static frames: the figures that the whole pipeline must give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import polars as pl
import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from streaming.parsing.candles import parse_candles
from streaming.parsing.posts import parse_posts
from streaming.queries.post_prices import build
from streaming.transforms.due import due_rows
from streaming.transforms.pages import hour_pages
from tests.spark.frames import Message, kafka_frame

pytestmark = pytest.mark.spark

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
ARRIVED = datetime(2025, 3, 1, tzinfo=UTC)
# An hour from which on unpriced rows would still be waited for.
UNTIL = datetime(2025, 2, 3, 12, tzinfo=UTC)


def page_messages(candles: pl.DataFrame) -> list[Message]:
    """One page a coin and hour."""
    columns = ("open_time", "open", "high", "low", "close", "volume")
    pages = (
        candles.sort("open_time")
        .group_by(pl.col("symbol").str.strip_suffix("USDT"), pl.col("open_time").dt.truncate("1h").alias("hour"))
        .agg(pl.col("open_time").dt.epoch("ms"), *columns[1:])
    )
    names = {"quote": "USDT", "exchange": "binance", "interval": "1m"}
    return [
        (row["symbol"].encode(), orjson.dumps({**names, **{name: row[name] for name in ("symbol", *columns)}}), ARRIVED)
        for row in pages.iter_rows(named=True)
    ]


def post_messages(posts: pl.DataFrame) -> list[Message]:
    rows = posts.select("post_id", "title", "published_at", "currencies", "hot").iter_rows(named=True)
    return [
        (
            str(row["post_id"]).encode(),
            orjson.dumps(
                {
                    "id": row["post_id"],
                    "title": row["title"],
                    "published_at": row["published_at"].isoformat(),
                    "hot": row["hot"],
                    "currencies": [{"code": code} for code in row["currencies"]],
                }
            ),
            ARRIVED,
        )
        for row in rows
    ]


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    folder = shared_data / "recorded"
    return pl.read_parquet(folder / "posts_2025-01.parquet"), pl.read_parquet(folder / "candles_2025-01.parquet")


@pytest.fixture(scope="module")
def figures(spark: SparkSession, recorded: tuple[pl.DataFrame, pl.DataFrame]) -> dict[tuple[bool, str], Row]:
    """Rows up to `UNTIL` and their sum of prices by hot and status; under "due", all that a coin and horizon owes."""
    posts, candles = recorded
    parsed = parse_posts(kafka_frame(spark, post_messages(posts)), 300)
    pages = hour_pages(parse_candles(kafka_frame(spark, page_messages(candles)), 300))
    rows = build(parsed, pages, horizons=HORIZONS, lateness_minutes=360, until=UNTIL)
    found = rows.groupBy("hot", "price_status").agg(F.count("*").alias("rows"), F.sum("price").alias("sum"))
    due = due_rows(parsed, HORIZONS).groupBy("hot", F.lit("due").alias("price_status")).agg(F.count("*").alias("rows"))
    return {(row["hot"], row["price_status"]): row for row in [*found.collect(), *due.collect()]}


def test_priced_rows_and_their_sum(figures: dict[tuple[bool, str], Row]) -> None:
    priced = [row for (_, status), row in figures.items() if status == "exact"]
    assert sum(row["rows"] for row in priced) == 17_879
    assert round(sum(row["sum"] for row in priced), 4) == 862_432_154.7831


def test_priced_rows_of_hot_posts_and_their_sum(figures: dict[tuple[bool, str], Row]) -> None:
    hot = figures[True, "exact"]
    assert hot["rows"] == 1_268
    assert round(hot["sum"], 4) == 55_499_438.3244


def test_every_coin_and_horizon_is_owed_a_row(figures: dict[tuple[bool, str], Row]) -> None:
    assert figures[True, "due"]["rows"] + figures[False, "due"]["rows"] == 78_946
    assert figures[True, "due"]["rows"] == 2_352


def test_the_rows_up_to_an_hour_are_those_that_polars_counts(
    figures: dict[tuple[bool, str], Row], recorded: tuple[pl.DataFrame, pl.DataFrame]
) -> None:
    posts, candles = recorded
    closed = candles.select(
        pl.col("symbol").str.strip_suffix("USDT").alias("code"),
        (pl.col("open_time").cast(pl.Datetime("us", "UTC")) + timedelta(minutes=1)).alias("target"),
        pl.lit(True).alias("closed"),
    )
    due = (
        posts.select("post_id", pl.col("published_at").dt.truncate("1m"), pl.col("currencies").alias("code"))
        .explode("code")
        .drop_nulls("code")
        .join(pl.DataFrame({"horizon": HORIZONS}), how="cross")
        .with_columns(
            (pl.col("published_at") + pl.duration(minutes="horizon")).alias("target"), pl.col("code").str.to_uppercase()
        )
        .join(closed, on=["code", "target"], how="left")
        .filter(pl.col("closed") | ((pl.col("target") - timedelta(minutes=1)).dt.truncate("1h") <= UNTIL))
    )
    assert sum(row["rows"] for (_, status), row in figures.items() if status != "due") == due.height < 78_946
