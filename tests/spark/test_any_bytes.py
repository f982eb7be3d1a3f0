"""Whatever bytes are in the topics: parsing never fails, and each message is accepted or has a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from streaming.parsing.candles import parse_candles
from streaming.parsing.posts import parse_posts
from tests.spark.candle_corpus import ENVELOPE, FULL, page
from tests.spark.frames import ARRIVED, ARRIVED_MS, MINUTE_MS, TOLERANCE_SECONDS, as_json, kafka_frame
from tests.spark.judge import accepts, strict_json
from tests.spark.post_corpus import BARE, post

pytestmark = pytest.mark.spark

PIECES = [
    b"", b" ", b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"0", b"-", b"e9", b".5", b"null", b"true", b"NaN",
    b"\\u0000", b"\\\\u0000", b"\\ud83d", b"\\ud83d\\ude00", b"\\\\ud83d", b"\x00", b"\n", b"\x1f", b"\xff",
    b"\xed\xa0\x80", b"\xef\xbb\xbf", "é😀".encode(), b'"close": [1.0], ', b'"id": 1, ', b"],[", b"}{", b"1e400",
]  # fmt: skip
SPECIAL: list[Any] = [
    None, True, False, 0, -1, 1, 0.5, 60_000, 2**53, 2**63 - 1, 2**63, -(2**63), 10**400, 1e30, 1e308, -0.0, 5e-324,
    float("inf"), float("nan"), "", " ", "1", "1m", "NaN", "BTC", "BTC\n", "888", "\ud83d", "\x00", {}, [], [None],
    [[]], {"code": "BTC"}, [{"code": None}], ARRIVED_MS, ARRIVED_MS // MINUTE_MS * MINUTE_MS, "2025-01-06T11:00:00Z",
    "11:00", "0001-01-01T00:00:00Z", "+10000-01-01T00:00:00Z",
]  # fmt: skip
VALUES = st.one_of(st.sampled_from(SPECIAL), st.text(max_size=4), st.integers(), st.floats())
SOMETHING = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@st.composite
def altered(draw: st.DrawFn, bodies: list[dict[str, Any]]) -> bytes:
    """A valid message with fields, elements or bytes put in, changed or taken out; now and then as it was."""
    body = json.loads(json.dumps(draw(st.sampled_from(bodies))))
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from([*body, "symbol", "filled", "heartbeat", "x"]))
        change = draw(st.sampled_from(["put", "take", "inside"]))
        if change == "take":
            body.pop(name, None)
        elif change == "inside" and isinstance(body.get(name), list) and body[name]:
            body[name][draw(st.integers(0, len(body[name]) - 1))] = draw(SOMETHING)
        else:
            body[name] = draw(SOMETHING)
    value = json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        start = draw(st.one_of(st.integers(0, len(value)), st.sampled_from([0, len(value)])))
        cut = draw(st.sampled_from([0, 0, 1, 7]))
        value = value[:start] + draw(st.sampled_from(PIECES)) + value[start + cut :]
    return value


def messages(bodies: list[dict[str, Any]], keys: list[bytes | None]) -> st.SearchStrategy[Any]:
    value = st.one_of(st.binary(max_size=40), altered(bodies), altered(bodies), altered(bodies))
    return st.lists(st.tuples(st.sampled_from(keys), value), min_size=120, max_size=250)


# One job in Spark judges a whole list; a difference shows its message, so nothing is shrunk.
few = settings(
    max_examples=4,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@few
@given(messages([page(), FULL, ENVELOPE], [None, None, None, b"BTC", b"\xff"]))
def test_candle_messages_are_judged_as_plain_python_judges_them(
    spark: SparkSession, drawn: list[tuple[bytes | None, bytes]]
) -> None:
    frame = kafka_frame(spark, [(key, value, ARRIVED) for key, value in drawn])
    rows = parse_candles(frame, TOLERANCE_SECONDS).select("position", "reason", "pages").collect()
    assert len(rows) == len(drawn)
    for row in rows:
        key, value = drawn[row["position"]]
        assert (row["reason"] is None) == accepts(value, key), (row["reason"], key, value)
        assert row["reason"] is None or row["reason"].strip()


@few
@given(messages([post(), BARE, {"heartbeat": ARRIVED_MS, "source": "rss"}], [None, None, b"20492911", b"\xff"]))
def test_post_messages_are_accepted_or_have_a_reason(
    spark: SparkSession, drawn: list[tuple[bytes | None, bytes]]
) -> None:
    rows = parse_posts(kafka_frame(spark, [(key, value, ARRIVED) for key, value in drawn]), TOLERANCE_SECONDS).collect()
    assert len(rows) == len(drawn)
    for row in rows:
        key, value = drawn[row["position"]]
        if row["reason"] is not None:
            assert row["reason"].strip()
            continue
        body = strict_json(value)
        assert isinstance(body, dict)
        assert (row["heartbeat"] is None) == (body.get("id") is not None), value
        if row["heartbeat"] is None:
            assert row["post_id"].strip() and row["published_at"] is not None and row["title"] is not None
            assert key is None or key.decode() == row["post_id"]


def test_the_judge_knows_good_and_bad() -> None:
    """The judge itself: it must neither refuse everything nor accept everything."""
    assert all(accepts(as_json(body), None) for body in (page(), FULL, ENVELOPE))
    assert not any(accepts(value, None) for value in (None, b"", b"{}", b"[]", as_json(page(close=[1.0]))))
