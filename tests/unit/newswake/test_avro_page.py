"""A page in Avro: what a contract accepts survives it, and what is no page is said to be none."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswake.avro_page import HEADER, MARKER, SCHEMA_TEXT, body_of, from_avro, to_avro
from newswake.messages import CandlePage
from tests.spark.avro_judge import decoded
from tests.unit.newswake.test_messages import pages

PAGE = {
    "symbol": "BTC",
    "quote": "USDT",
    "exchange": "binance",
    "interval": "1m",
    "seen_at": 1_736_164_920_000,
    "open_time": [1_736_164_800_000, 1_736_164_860_000],
    **{name: [0.1, 64_000.25] for name in ("open", "high", "low", "close")},
    "volume": [0.0, 1e-9],
    "trades": [None, 3],
    "taker_buy_volume": [0.5, None],
    "filled": [True, False],
}


def crc_64(data: bytes) -> int:
    """The fingerprint of the specification, bit by bit."""
    empty = value = 0xC15D213AA4D7A795
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (empty if value & 1 else 0)
    return value


def canonical(schema: Any) -> str:
    """The parsing canonical form, as far as this schema needs it."""
    if isinstance(schema, list):
        return f"[{','.join(map(canonical, schema))}]"
    if isinstance(schema, str):
        return json.dumps(schema)
    if schema["type"] == "array":
        return f'{{"type":"array","items":{canonical(schema["items"])}}}'
    assert schema["type"] == "record"
    fields = [f'{{"name":"{field["name"]}","type":{canonical(field["type"])}}}' for field in schema["fields"]]
    return f'{{"name":"newswake.CandlePage","type":"record","fields":[{",".join(fields)}]}}'


def test_the_header_is_the_marker_and_the_fingerprint_of_the_schema() -> None:
    fingerprint = crc_64(canonical(json.loads(SCHEMA_TEXT)).encode()).to_bytes(8, "little")
    assert MARKER + fingerprint == HEADER


@given(pages())
def test_a_page_survives_its_avro(body: dict[str, Any]) -> None:
    page = CandlePage.model_validate(body)
    assert CandlePage.model_validate(body_of(page.to_avro())) == page
    assert decoded(page.to_avro()) == from_avro(page.to_avro())


def test_both_forms_say_the_same() -> None:
    assert body_of(to_avro(PAGE)) == body_of(orjson.dumps(PAGE)) == decoded(to_avro(PAGE)) == PAGE


def test_an_optional_column_may_be_absent() -> None:
    short = {name: value for name, value in PAGE.items() if name not in ("seen_at", "trades", "filled")}
    assert from_avro(to_avro(short)) == {**PAGE, "seen_at": None, "trades": None, "filled": None}


@pytest.mark.parametrize("length", range(len(to_avro(PAGE))))
def test_a_page_that_is_cut_off_is_none(length: int) -> None:
    with pytest.raises(ValueError):
        body_of(to_avro(PAGE)[:length])


@pytest.mark.parametrize(
    "value",
    [
        to_avro(PAGE) + b"\x00",
        to_avro(PAGE).replace(b"\x041m\x02", b"\x041m\x01"),
        MARKER + b"12345678" + to_avro(PAGE)[10:],
        HEADER,
        MARKER,
    ],
)
def test_neither_is_what_has_more_or_another_schema(value: bytes) -> None:
    with pytest.raises(ValueError):
        body_of(value)


@given(st.binary(max_size=60), st.integers(0, 200), st.booleans())
def test_any_bytes_are_a_page_or_a_value_error(piece: bytes, place: int, over: bool) -> None:
    page = to_avro(PAGE)
    value = page[:place] + piece + page[place + (len(piece) if over else 0) :]
    try:
        body = body_of(value)
    except ValueError:
        return
    assert isinstance(body, dict)
    assert repr(body) == repr(decoded(value)), "NaN is not equal to itself"


@pytest.mark.parametrize("value", [None, b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_either(value: bytes | None) -> None:
    with pytest.raises(ValueError):
        body_of(value)
