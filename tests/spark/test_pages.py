"""What a page leaves in the join's state: no times where every minute is there, no marks where nothing is filled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from newswake.clock import to_ms
from streaming.parsing.candles import parse_candles
from streaming.transforms.pages import hour_pages, place_in
from tests.spark.frames import TOLERANCE_SECONDS, kafka_frame
from tests.spark.small_worlds import START, Candles

pytestmark = pytest.mark.spark


def ms(minute: int) -> int:
    return to_ms(START + timedelta(minutes=minute))


def candles(symbol: str, *minutes: int, filled: frozenset[int] = frozenset()) -> Candles:
    return Candles(symbol, {minute: 100.0 + minute for minute in minutes}, seen=200 * 60, filled=filled)


PAGES = (
    candles("FULL", *range(60)),
    candles("GAP", 0, 1, 3, 59),
    candles("ONE", 59),
    candles("CUT", *range(30, 90)),
    candles("FLAT", 5, 6, 7, filled=frozenset({6})),
)
# first, times, closes, filled; minutes in place of milliseconds
HELD: dict[tuple[str, int], tuple[int, list[int] | None, list[float], list[bool] | None]] = {
    ("FULL", 0): (0, None, [100.0 + minute for minute in range(60)], None),
    ("GAP", 0): (0, [0, 1, 3, 59], [100.0, 101.0, 103.0, 159.0], None),
    ("ONE", 0): (59, None, [159.0], None),
    ("CUT", 0): (30, None, [100.0 + minute for minute in range(30, 60)], None),
    ("CUT", 60): (60, None, [100.0 + minute for minute in range(60, 90)], None),
    ("FLAT", 0): (5, None, [105.0, 106.0, 107.0], [False, True, False]),
}


@pytest.fixture
def pages(spark: SparkSession) -> Any:
    return hour_pages(parse_candles(kafka_frame(spark, [page.message() for page in PAGES]), TOLERANCE_SECONDS))


def test_what_is_held(pages: Any) -> None:
    def minute(time: int) -> int:
        return (time - ms(0)) // 60_000

    found = {
        (row["symbol"], minute(row["hour_ms"])): (
            minute(row["first"]),
            [minute(time) for time in row["times"]] if row["times"] is not None else None,
            row["closes"],
            row["filled"],
        )
        for row in pages.withColumn("hour_ms", F.unix_millis("hour")).collect()
    }
    assert found == HELD


def test_each_minute_is_found_in_its_place_and_no_other(spark: SparkSession, pages: Any) -> None:
    asked = spark.range(-2, 122).withColumn("open_time", F.lit(ms(0)) + F.col("id") * 60_000)
    place = place_in("page", F.col("open_time"))
    rows = pages.alias("page").crossJoin(asked).select("symbol", "id", F.get("page.closes", place).alias("close"))
    found = {(row["symbol"], row["id"]): row["close"] for row in rows.collect() if row["close"] is not None}
    assert found == {(page.symbol, minute): close for page in PAGES for minute, close in page.closes.items()}
