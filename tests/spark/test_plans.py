"""Each message is parsed once in each query; a filter on a parsed column would parse it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession

from scripts.submit import UNUSED_RULES
from streaming.parsing.candles import parse_candles
from streaming.parsing.posts import parse_posts
from streaming.queries import candles, dead_letters, post_prices, posts
from streaming.session_conf import configured
from streaming.transforms.pages import hour_pages
from tests.as_live import as_live
from tests.spark.frames import kafka_frame

pytestmark = pytest.mark.spark

# How the parse of a message stands in a plan: by the first field of its schema.
AVRO_PARSE = "from_avro("
POST_PARSE, CANDLE_PARSE = "from_json(StructField(id,", "from_json(StructField(symbol,"
WHOLE_PLANS = {"spark.sql.debug.maxToStringFields": "10000", "spark.sql.maxPlanStringLength": "10000000"}


@pytest.fixture(scope="module", params=["history", "live"])
def parsed(spark: SparkSession, request: pytest.FixtureRequest) -> Iterator[tuple[DataFrame, DataFrame]]:
    """As a run that ends by itself plans, and as a live one does."""
    live = request.param == "live"
    with configured(spark, WHOLE_PLANS), as_live(spark, live):
        yield (
            parse_posts(kafka_frame(spark, [], "posts"), 300),
            parse_candles(kafka_frame(spark, [], "candles"), 300, small_plan=live),
        )


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


def test_no_task_asks_from_avro_for_its_type(parsed: tuple[DataFrame, DataFrame]) -> None:
    """A cast answers, in all plans; Spark removes casts to the same type."""
    plan = candles.build(parsed[1])._jdf.queryExecution().optimizedPlan().toString()
    assert plan.count(f"cast({AVRO_PARSE}") == plan.count(AVRO_PARSE) > 0


def test_the_count_sees_a_second_parse(parsed: tuple[DataFrame, DataFrame]) -> None:
    """A filter on the parsed columns is pushed below them: what the queries must never have."""
    assert parses(parsed[0].where("reason is null and length(title) > 3"))[0] > 1


@pytest.mark.parametrize("rule", UNUSED_RULES)
def test_what_live_plans_go_without_is_a_rule(spark: SparkSession, rule: str) -> None:
    """Spark says nothing of a name that it does not know."""
    jvm: Any = spark.sparkContext._jvm
    loader = jvm.org.apache.spark.util.Utils.getContextOrSparkClassLoader()
    try:
        loader.loadClass(f"{rule}$")  # an object of Scala
    except Py4JJavaError:
        assert loader.loadClass(rule).getName() == rule
