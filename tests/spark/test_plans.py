"""Each message is parsed once in each query; a filter on a parsed column would parse it again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import DataFrame, SparkSession

from streaming.parsing.candles import parse_candles
from streaming.parsing.posts import parse_posts
from streaming.queries import candles, dead_letters, post_prices, posts
from streaming.transforms.pages import hour_pages
from tests.spark.frames import kafka_frame

pytestmark = pytest.mark.spark

# How the parse of a message stands in a plan: by the first field of its schema.
AVRO_PARSE = "from_avro("
POST_PARSE, CANDLE_PARSE = "from_json(StructField(id,", "from_json(StructField(symbol,"
WHOLE_PLANS = {"spark.sql.debug.maxToStringFields": "10000", "spark.sql.maxPlanStringLength": "10000000"}


@pytest.fixture(scope="module")
def parsed(spark: SparkSession) -> Iterator[tuple[DataFrame, DataFrame]]:
    before = {name: spark.conf.get(name) for name in WHOLE_PLANS}
    for name, length in WHOLE_PLANS.items():
        spark.conf.set(name, length)
    yield parse_posts(kafka_frame(spark, [], "posts"), 300), parse_candles(kafka_frame(spark, [], "candles"), 300)
    for name, length in before.items():
        spark.conf.set(name, str(length))


def parses(frame: DataFrame) -> tuple[int, int]:
    """How often posts and candle messages are parsed in the plan that is executed; in Avro as often as in JSON."""
    plan = frame._jdf.queryExecution().executedPlan().toString()
    assert plan.count(AVRO_PARSE) == plan.count(CANDLE_PARSE)
    return plan.count(POST_PARSE), plan.count(CANDLE_PARSE)


def test_posts(parsed: tuple[DataFrame, DataFrame]) -> None:
    assert parses(posts.build(parsed[0])) == (1, 0)


def test_candles(parsed: tuple[DataFrame, DataFrame]) -> None:
    assert parses(candles.build(parsed[1])) == (0, 1)


def test_dead_letters(parsed: tuple[DataFrame, DataFrame]) -> None:
    assert parses(dead_letters.build(*parsed)) == (1, 1)


def test_post_prices(parsed: tuple[DataFrame, DataFrame]) -> None:
    pages = hour_pages(parsed[1])
    assert parses(post_prices.build(parsed[0], pages, horizons=(0, 60), lateness_minutes=60)) == (1, 1)


def test_the_count_sees_a_second_parse(parsed: tuple[DataFrame, DataFrame]) -> None:
    """A filter on the parsed columns is pushed below them: what the queries must never have."""
    assert parses(parsed[0].where("reason is null and length(title) > 3"))[0] > 1
