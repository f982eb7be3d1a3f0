"""Every message of the candles topic ends in exactly one place: its rows, or the dead letters with a reason."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from pyspark.sql import SparkSession

from streaming.parsing.candles import parse_candles
from streaming.queries.candles import build
from tests.as_live import as_live
from tests.spark.candle_corpus import BAD, ENVELOPE, FULL, GOOD, OPEN, page
from tests.spark.frames import ARRIVED, EPOCH, MINUTE_MS, Case, Fate, assert_fate, fates_of

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module", params=[False, True], ids=["fast", "small"])
def fates(spark: SparkSession, request: pytest.FixtureRequest) -> dict[str, Fate]:
    """By the plan of history, and by the small one of live runs."""
    # The good messages stand among the bad ones.
    good = [case for case, _ in GOOD]
    cases = [*good[: len(good) // 2], *BAD, *good[len(good) // 2 :]]
    with as_live(spark, request.param):
        return fates_of(spark, cases, partial(parse_candles, small_plan=request.param), build)


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_malformed_message_is_refused_with_a_reason(fates: dict[str, Fate], case: Case) -> None:
    assert_fate(case, fates[case.name], rows=0)


@pytest.mark.parametrize(("case", "rows"), GOOD, ids=str)
def test_a_good_message_gives_a_row_a_minute(fates: dict[str, Fate], case: Case, rows: int) -> None:
    assert_fate(case, fates[case.name], rows)


def test_a_row_holds_what_the_page_says(fates: dict[str, Fate]) -> None:
    first, second = sorted(fates["page with optional columns"].rows, key=lambda row: row["open_time"])
    opened = EPOCH + timedelta(milliseconds=OPEN)
    assert first["open_time"].timestamp() == opened.timestamp()
    assert second["open_time"].timestamp() == opened.timestamp() + 60
    names = ("symbol", "quote", "exchange", "interval")
    assert [first[name] for name in names] == [FULL[name] for name in names]
    columns = ("open", "high", "low", "close", "volume", "trades", "taker_buy_volume", "filled")
    assert [(first[name], second[name]) for name in columns] == [tuple(FULL[name]) for name in columns]
    assert first["seen_at"].timestamp() * 1000 == FULL["seen_at"]


def test_what_a_page_leaves_out_is_null_and_not_filled(fates: dict[str, Fate]) -> None:
    row = fates["page"].rows[0]
    assert (row["trades"], row["taker_buy_volume"], row["filled"]) == (None, None, False)


def test_a_page_without_seen_at_was_seen_when_the_broker_got_it(fates: dict[str, Fate]) -> None:
    assert {row["seen_at"].timestamp() for row in fates["page without seen_at"].rows} == {ARRIVED.timestamp()}


def test_the_old_envelope_gives_the_rows_of_every_coin(fates: dict[str, Fate]) -> None:
    rows = fates["old envelope"].rows
    found = sorted((row["symbol"], round(row["open_time"].timestamp() * 1000), row["close"]) for row in rows)
    expected = sorted((coin, row[0], float(row[4])) for coin in ("BTC", "ETH") for row in ENVELOPE[coin])  # type: ignore[attr-defined]
    assert found == expected
    assert {(row["quote"], row["exchange"]) for row in rows} == {("USDT", "binance")}


def test_symbols_are_in_upper_case_as_the_codes_of_posts_are(fates: dict[str, Fate]) -> None:
    names = ("symbol in lower case", "symbol in lower case under its key in upper case", "old envelope in lower case")
    assert {row["symbol"] for name in names for row in fates[name].rows} == {"BTC", "ETH"}


def test_every_minute_of_a_page_across_an_hour_is_there(fates: dict[str, Fate]) -> None:
    rows = fates["page that crosses an hour"].rows
    start = OPEN + 30 * MINUTE_MS - 60 * MINUTE_MS
    closes = dict(zip(page(60, start)["open_time"], page(60, start)["close"], strict=True))
    assert {round(row["open_time"].timestamp() * 1000): row["close"] for row in rows} == closes
