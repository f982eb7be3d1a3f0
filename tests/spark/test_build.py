"""`post_prices.build` on static frames against an independent Polars computation, to the row."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from streaming.parsing.candles import parse_candles
from streaming.parsing.posts import parse_posts
from streaming.queries.post_prices import build
from streaming.transforms.due import JoinPosts
from streaming.transforms.pages import hour_pages
from tests.spark.frames import TOLERANCE_SECONDS, kafka_frame
from tests.spark.oracle import COLUMNS, KEY, TIME, expected
from tests.spark.small_worlds import START, Candles, Observed, World, close_of, moment, together, worlds

pytestmark = pytest.mark.spark

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
JOINED: tuple[JoinPosts, ...] = ("all", "hot", "hot_or_unknown")
SCHEMA = dict(
    zip(
        COLUMNS,
        [pl.String, pl.String, pl.String, pl.Int32, pl.Boolean, TIME, TIME, TIME, pl.Float64, pl.String, pl.String],
        strict=True,
    )
)


def frames(spark: SparkSession, world: World) -> tuple[DataFrame, DataFrame]:
    """The two topics of a world, parsed."""
    posts = kafka_frame(spark, [post.message() for post in world.posts])
    candles = kafka_frame(spark, [page.message() for page in world.candles])
    return parse_posts(posts, TOLERANCE_SECONDS), hour_pages(parse_candles(candles, TOLERANCE_SECONDS))


def collected(rows: DataFrame) -> pl.DataFrame:
    """Rows of `post_prices`, sorted by key. Times go through epoch microseconds, past anybody's time zone."""
    times = {name: F.unix_micros(name) for name in ("published_at", "seen_at", "target_time")}
    found = [tuple(row) for row in rows.withColumns(times).select(*COLUMNS).collect()]
    raw = pl.DataFrame(found, schema=SCHEMA | dict.fromkeys(times, pl.Int64), orient="row")
    return raw.with_columns(pl.from_epoch(name, "us").dt.replace_time_zone("UTC") for name in times).sort(KEY)


def assert_same(found: pl.DataFrame, wanted: pl.DataFrame) -> None:
    assert found.select(KEY).is_unique().all(), "a row is doubled"
    wrong = found.join(wanted, on=COLUMNS, how="anti", nulls_equal=True)
    absent = wanted.join(found, on=COLUMNS, how="anti", nulls_equal=True)
    assert (wrong.height, absent.height) == (0, 0), f"not wanted: {wrong.rows()[:5]}, absent: {absent.rows()[:5]}"


# A job in Spark takes as long for one world as for twenty; a difference names its world, so nothing is shrunk.
@settings(
    max_examples=5,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    drawn=st.lists(worlds(), min_size=10, max_size=25),
    horizons=st.sampled_from([HORIZONS, (0,), (0, 2, 59, 60, 61), (3, 45, 1439)]),
    join_posts=st.sampled_from(JOINED),
    until=st.one_of(st.none(), st.integers(-1, 60).map(lambda hours: START + timedelta(hours=hours))),
)
def test_any_world_gives_the_rows_of_the_oracle(
    spark: SparkSession, drawn: list[World], horizons: tuple[int, ...], join_posts: JoinPosts, until: datetime | None
) -> None:
    world = together(drawn)
    rows = build(*frames(spark, world), horizons=horizons, lateness_minutes=60, join_posts=join_posts, until=until)
    assert_same(collected(rows), expected(world, horizons, join_posts, until))


def stretch(symbol: str, first: int, count: int, **changes: Any) -> Candles:
    closes = {minute: close_of(symbol, minute) for minute in range(first, first + count)}
    return Candles(symbol, closes, **{"seen": (first + count) * 60, **changes})


def clock(hours: int, minutes: int, seconds: int = 0) -> int:
    return hours * 3_600 + minutes * 60 + seconds


MANY = tuple(f"C{place}" for place in range(88))
SCENARIO = World(
    posts=(
        Observed("middle", clock(3, 10, 42), clock(3, 11)),
        Observed("on the minute", clock(3, 10), clock(3, 11)),
        Observed("midnight", 0, 5, tags=("BTC",)),
        Observed("no coins", clock(3, 0), clock(3, 1), tags=()),
        Observed("blank tag", clock(3, 0), clock(3, 1), tags=(" ",)),
        Observed("many coins", clock(3, 0), clock(3, 1), tags=(*MANY, "BTC")),
        Observed("trailing blank", clock(3, 0), clock(3, 1), tags=("BTC ", "btc")),
        Observed("edited", clock(5, 0), clock(9, 0)),
        Observed("edited", clock(4, 0), clock(4, 5)),
        Observed("same second", clock(3, 20), clock(4, 0)),
        Observed("same second", clock(3, 30), clock(4, 0)),
        Observed("turned hot", clock(3, 40), clock(3, 41), hot=False),
        Observed("turned hot", clock(3, 40), clock(6, 41), hot=True),
        Observed("unknown", clock(3, 40), clock(3, 41), hot=None),
        Observed("revised", clock(6, 30), clock(6, 31), tags=("REV",)),
        Observed("sent again", clock(6, 30), clock(6, 31), tags=("TWICE",)),
        Observed("carried", clock(6, 30), clock(6, 31), tags=("FLAT",)),
    ),
    candles=(
        stretch("BTC", 120, 170),
        Candles("REV", {389: 7.0}, seen=clock(8, 0)),
        Candles("REV", {389: 5.0}, seen=clock(6, 30)),
        Candles("TWICE", {388: 3.0, 389: 1.0}, seen=clock(6, 30)),
        Candles("TWICE", {389: 2.0}, seen=clock(6, 30)),
        Candles("FLAT", {389: 9.0, 390: 9.0}, seen=clock(6, 31), filled=frozenset({389})),
    ),
)


@pytest.fixture(scope="module")
def scenario(spark: SparkSession) -> dict[tuple[str, str, int], dict[str, Any]]:
    posts, candles = frames(spark, SCENARIO)
    rows = collected(build(posts, candles, horizons=HORIZONS, lateness_minutes=60))
    assert_same(rows, expected(SCENARIO, HORIZONS))
    return {(row["post_id"], row["symbol"], row["horizon_minutes"]): row for row in rows.iter_rows(named=True)}


Scenario = dict[tuple[str, str, int], dict[str, Any]]


def test_the_price_is_the_close_of_the_candle_that_closed_at_the_target(scenario: Scenario) -> None:
    for post_id in ("middle", "on the minute"):
        at_once = scenario[post_id, "BTC", 0]
        assert at_once["target_time"] == moment(clock(3, 10))
        # The candle of 03:09 closes at 03:10; that of 03:10 was still open when the post was published.
        assert at_once["price"] == close_of("BTC", 3 * 60 + 9)
        assert scenario[post_id, "BTC", 60]["price"] == close_of("BTC", 4 * 60 + 9)


def test_a_page_that_crosses_hours_prices_targets_in_each(scenario: Scenario) -> None:
    assert scenario["trailing blank", "BTC", 0]["price"] == close_of("BTC", 2 * 60 + 59)
    assert scenario["trailing blank", "BTC", 1]["price"] == close_of("BTC", 3 * 60)
    assert scenario["trailing blank", "BTC", 60]["price"] == close_of("BTC", 3 * 60 + 59)


def test_a_minute_without_a_candle_is_missing_and_never_zero(scenario: Scenario) -> None:
    row = scenario["midnight", "BTC", 0]
    assert (row["price"], row["price_status"], row["exchange"]) == (None, "missing", None)
    assert row["target_time"] == START


def test_posts_without_coins_are_owed_nothing(scenario: Scenario) -> None:
    assert not [key for key in scenario if key[0] in ("no coins", "blank tag")]


def test_every_one_of_89_coins_has_its_rows(scenario: Scenario) -> None:
    rows = {key: row for key, row in scenario.items() if key[0] == "many coins"}
    assert len(rows) == 89 * len(HORIZONS)
    assert {key[1] for key, row in rows.items() if row["price"] is not None} == {"BTC"}


def test_a_tag_in_other_spellings_is_one_coin(scenario: Scenario) -> None:
    assert {key[1] for key in scenario if key[0] == "trailing blank"} == {"BTC"}


def test_the_first_observation_decides_on_the_publication(scenario: Scenario) -> None:
    assert scenario["edited", "BTC", 0]["published_at"] == moment(clock(4, 0))
    assert scenario["same second", "BTC", 0]["published_at"] == moment(clock(3, 20))
    assert scenario["turned hot", "BTC", 0]["hot"] is False


def test_the_candle_that_was_seen_first_wins_and_then_the_lower_offset(scenario: Scenario) -> None:
    assert scenario["revised", "REV", 0]["price"] == 5.0
    assert scenario["sent again", "TWICE", 0]["price"] == 1.0


def test_a_carried_minute_says_so(scenario: Scenario) -> None:
    assert [scenario["carried", "FLAT", horizon]["price_status"] for horizon in (0, 1)] == ["filled", "exact"]


@pytest.mark.parametrize(
    ("join_posts", "joined", "left_out"), [("hot", "turned hot", "unknown"), ("hot_or_unknown", "unknown", None)]
)
def test_posts_are_joined_by_what_is_known_of_them(
    spark: SparkSession, join_posts: JoinPosts, joined: str, left_out: str | None
) -> None:
    rows = collected(build(*frames(spark, SCENARIO), horizons=(0, 5), lateness_minutes=60, join_posts=join_posts))
    assert_same(rows, expected(SCENARIO, (0, 5), join_posts))
    assert joined in rows["post_id"]
    assert left_out not in rows["post_id"]


def test_up_to_an_hour_means_that_hour_too(spark: SparkSession, scenario: Scenario) -> None:
    until = moment(clock(6, 0))
    rows = collected(build(*frames(spark, SCENARIO), horizons=HORIZONS, lateness_minutes=60, until=until))
    assert_same(rows, expected(SCENARIO, HORIZONS, until=until))
    found = {(row["post_id"], row["symbol"], row["horizon_minutes"]) for row in rows.iter_rows(named=True)}
    # Targets in the page of six o'clock, and after it; neither has a candle.
    assert ("revised", "REV", 1) in found
    assert scenario["revised", "REV", 1]["price"] is scenario["revised", "REV", 60]["price"] is None
    assert ("revised", "REV", 60) not in found


def test_what_comes_later_never_changes_an_earlier_price(spark: SparkSession) -> None:
    """No look-ahead: without all that closed or was seen after a moment, the rows up to it are the same."""
    now = clock(4, 10)
    before = World(
        tuple(post for post in SCENARIO.posts if post.seen <= now),
        tuple(
            Candles(page.symbol, closes, page.seen, page.filled)
            for page in SCENARIO.candles
            if (closes := {minute: close for minute, close in page.closes.items() if minute * 60 + 60 <= now})
        ),
    )
    known = pl.col("target_time") <= moment(now)
    found, whole = (
        collected(build(*frames(spark, world), horizons=HORIZONS, lateness_minutes=60)).filter(known)
        for world in (before, SCENARIO)
    )
    seen_then = whole.filter(pl.col("seen_at") <= moment(now))
    assert found.filter(pl.col("price").is_not_null()).height > 20
    assert found.equals(seen_then)
