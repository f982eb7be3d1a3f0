from __future__ import annotations

from datetime import datetime, timedelta, timezone

import polars as pl
import pytest

from analysis.frames import CANDLES, OBSERVATIONS, POST_PRICES, VOTES, Period, Schema, empty, taken
from analysis.gauge import gauge
from analysis.moves import day_moves
from streaming import schemas
from tests.unit.analysis.made import after, candle_frame, candles, observation, post_frame


@pytest.mark.parametrize(
    ("schema", "table"),
    [(CANDLES, schemas.CANDLES), (OBSERVATIONS, schemas.POSTS), (POST_PRICES, schemas.POST_PRICES)],
)
def test_columns_are_those_of_the_tables(schema: Schema, table: object) -> None:
    assert set(schema) <= set(table.names)  # type: ignore[attr-defined]


def test_votes_are_those_of_the_table() -> None:
    assert [field.name for field in VOTES.fields] == schemas.VOTES.names


def test_milliseconds_of_mongodb_and_other_columns_are_taken() -> None:
    frame = candle_frame(candles([1.0, 2.0]))
    given = frame.with_columns(pl.col("open_time").dt.cast_time_unit("ms"), pl.lit("binance").alias("exchange"))
    assert taken(given, CANDLES).equals(frame)


def test_what_is_unknown_throughout_may_have_any_type() -> None:
    frame = post_frame([observation("1")]).with_columns(pl.lit(None).alias("votes"), pl.lit(None).alias("domain"))
    assert taken(frame, OBSERVATIONS).schema == dict(OBSERVATIONS)
    assert empty(OBSERVATIONS).schema == dict(OBSERVATIONS)


def test_a_period_begins_before_it_ends_and_has_a_zone() -> None:
    with pytest.raises(ValueError, match="must begin before it ends"):
        Period(after(1), after(1))
    with pytest.raises(ValueError, match="needs times with a zone"):
        Period(datetime(2026, 1, 1), datetime(2026, 1, 2))


def test_a_period_has_its_end_and_not_its_beginning() -> None:
    rows = [observation(str(minute), minute) for minute in (0, 1, 10, 11)]
    assert gauge(post_frame(rows), Period(after(0), after(10)), "BTC").posts == 2


def test_times_of_any_zone_are_the_same_moments() -> None:
    zone = timezone(timedelta(hours=9))
    period = Period(after(0).astimezone(zone), after(10).astimezone(zone))
    rows = post_frame([observation("1", 5, counts={"positive": 1})])
    assert gauge(rows, period, "BTC") == gauge(rows, Period(after(0), after(10)), "BTC")
    frame = candle_frame(candles([1.0] * 90))
    assert day_moves(frame, after(90).astimezone(zone)) == day_moves(frame, after(90))
