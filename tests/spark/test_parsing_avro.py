"""A page in Avro is judged by its columns as the same page in JSON is, and its bytes by what can be wrong with them."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import pytest
from pyspark.sql import SparkSession

from newswake.avro_page import HEADER, MARKER, to_avro
from streaming.parsing.candles import MAX_CANDLES, parse_candles
from streaming.queries.candles import build
from tests.as_live import as_live
from tests.spark.accounts import account
from tests.spark.avro_judge import FIELDS
from tests.spark.candle_corpus import FULL, OPEN, page
from tests.spark.frames import HOUR_MS, MINUTE_MS, Case, Fate, as_json, assert_fate, fates_of
from tests.spark.mutations import mutated_avro

pytestmark = pytest.mark.spark

# In both forms: the columns are what a schema of Avro allows.
GOOD: dict[str, dict[str, Any]] = {
    "page": page(),
    "page with optional columns": FULL,
    "page without seen_at": page(seen_at=None),
    "page that crosses an hour": page(60, OPEN + 30 * MINUTE_MS - HOUR_MS),
    "page with a gap": page(open_time=[OPEN, OPEN + 9 * MINUTE_MS]),
    "code beyond ASCII": page(symbol="币安"),
    "symbol in lower case": page(symbol="btc"),
}
WRONG: dict[str, dict[str, Any]] = {
    "no candles": page(0),
    "too many candles": page(MAX_CANDLES + 1, OPEN - 3 * 24 * HOUR_MS),
    "columns of different lengths": page(close=[1.0]),
    "price that is negative": page(low=[-1.0, 1.0]),
    "volume that is negative": page(volume=[1.0, -1.0]),
    "high below low": page(high=[80.0, 111.0]),
    "times that fall": page(open_time=[OPEN, OPEN - MINUTE_MS]),
    "time that is no minute": page(open_time=[OPEN, OPEN + 1]),
    "symbol with a blank": page(symbol="B C"),
    "interval of five minutes": page(interval="5m"),
    "future": page(open_time=[OPEN + 48 * HOUR_MS, OPEN + 48 * HOUR_MS + MINUTE_MS]),
}
AVRO = to_avro(page())
SYMBOL = b"\x06BTC"
MANY = b"\x80\xbc\xee\xf8\x0f"  # 2,140,000,000
ODD = [
    Case("cut off", AVRO[:-1], "Avro object"),
    Case("cut off in the middle", AVRO[:100], "Avro object"),
    Case("only the header", HEADER, "not an Avro object of the agreed schema"),
    Case("only the marker", MARKER, "an Avro object of another schema"),
    Case("another schema", MARKER + b"12345678" + AVRO[len(HEADER) :], "an Avro object of another schema"),
    Case("bytes behind it", AVRO + b"\x00", "bytes after the Avro object"),
    Case("a second one behind it", AVRO + AVRO, "bytes after the Avro object"),
    Case("text that is not UTF-8", AVRO.replace(SYMBOL, b"\x06\xff\xfe\xfd"), "not valid UTF-8"),
    Case("text with a NUL", to_avro(page(symbol="B\x00C")), "NUL"),
    Case("number that is none", to_avro(page(close=[float("nan"), 1.0])), "close is not a price"),
    Case("number without an end", to_avro(page(open=[float("inf"), 1.0])), "open is not a price"),
    Case("text of 2 GB", HEADER + MANY + AVRO[11:], "not an Avro object of the agreed schema"),
    Case("key of another coin", AVRO, "the key is not the symbol", key=b"ETH"),
    # An array says beforehand how many elements it has: the memory for them must not be taken.
    *(
        Case(f"{name} with 2,140,000,000 elements", value, "not an Avro object of the agreed schema")
        for name, value in (
            ("times", HEADER + b"\x06BTC\x08USDT\x0ebinance\x041m\x00" + MANY),
            ("prices", AVRO[: AVRO.index(b"\x04", AVRO.index(b"1m") + 12)] + MANY + AVRO[-200:]),
        )
    ),
]


@pytest.fixture(scope="module", params=[False, True], ids=["fast", "small"])
def fates(spark: SparkSession, request: pytest.FixtureRequest) -> dict[str, Fate]:
    """By the plan of history, and by the small one of live runs."""
    both = [
        case
        for name, body in {**GOOD, **WRONG}.items()
        for case in (Case(f"{name}, JSON", as_json(body)), Case(f"{name}, Avro", to_avro(body)))
    ]
    with as_live(spark, request.param):
        return fates_of(spark, [*both, *ODD], partial(parse_candles, small_plan=request.param), build)


@pytest.mark.parametrize("name", GOOD)
def test_both_forms_give_the_same_rows(fates: dict[str, Fate], name: str) -> None:
    json, avro = (fates[f"{name}, {form}"] for form in ("JSON", "Avro"))
    assert not json.reasons + avro.reasons
    # `position` is the message's place in its topic.
    assert _without_place(avro) == _without_place(json)
    assert len(avro.rows) == len(GOOD[name]["open_time"])


@pytest.mark.parametrize("name", WRONG)
def test_both_forms_are_refused_for_the_same_reason(fates: dict[str, Fate], name: str) -> None:
    json, avro = (fates[f"{name}, {form}"] for form in ("JSON", "Avro"))
    assert avro.reasons == json.reasons
    assert len(avro.reasons) == 1
    assert not avro.rows


@pytest.mark.parametrize("case", ODD, ids=str)
def test_odd_bytes_are_refused_with_a_reason(fates: dict[str, Fate], case: Case) -> None:
    assert_fate(case, fates[case.name], rows=0)


def test_any_bytes_are_judged_as_plain_python_judges_them(spark: SparkSession) -> None:
    chance = random.Random(5)
    bodies = [page(), FULL, page(filled=[False, True], seen_at=None)]
    keys = [None, None, None, b"BTC", b"btc", b"\xff"]
    found = account(spark, "candles", [(chance.choice(keys), mutated_avro(chance, bodies)) for _ in range(3_000)])
    assert found.accepted > 300
    assert found.refused > 300
    assert found.unsure < 100
    assert len(found.reasons) > 15


def test_the_judge_knows_every_field() -> None:
    assert set(FIELDS) == set(FULL)


def _without_place(fate: Fate) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.asDict().items() if name != "position"} for row in fate.rows]
