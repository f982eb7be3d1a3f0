"""Whatever bytes are in the topics: parsing never fails, and each message is accepted or has a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from tests.spark.accounts import Drawn, account
from tests.spark.candle_corpus import BAD as BAD_PAGES
from tests.spark.candle_corpus import ENVELOPE, FULL, page
from tests.spark.candle_corpus import GOOD as PAGES
from tests.spark.frames import ARRIVED_MS, as_json
from tests.spark.judge import accepts
from tests.spark.mutations import PIECES, SPECIAL
from tests.spark.post_corpus import BAD as BAD_POSTS
from tests.spark.post_corpus import BARE, post
from tests.spark.post_corpus import GOOD as POSTS
from tests.spark.post_judge import accepts_post

pytestmark = pytest.mark.spark

HEARTBEAT = {"heartbeat": ARRIVED_MS, "source": "rss"}
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
@given(messages([page(), FULL, ENVELOPE], [None, None, None, b"BTC", b"btc", b"\xff"]))
def test_candle_messages_are_judged_as_plain_python_judges_them(spark: SparkSession, drawn: list[Drawn]) -> None:
    account(spark, "candles", drawn)


@few
@given(messages([post(), BARE, HEARTBEAT], [None, None, b"20492911", b"\xff"]))
def test_post_messages_are_judged_as_plain_python_judges_them(spark: SparkSession, drawn: list[Drawn]) -> None:
    account(spark, "posts", drawn)


def test_the_judge_knows_good_and_bad() -> None:
    """The judges themselves: they must neither refuse everything nor accept everything."""
    assert all(accepts(as_json(body), None) for body in (page(), FULL, ENVELOPE))
    assert not any(accepts(value, None) for value in (None, b"", b"{}", b"[]", as_json(page(close=[1.0]))))
    assert all(accepts_post(as_json(body), None) for body in (post(), BARE, HEARTBEAT))
    assert not any(accepts_post(value, None) for value in (None, b"", b"{}", b"[]", as_json(post(title=None))))
    for case, _ in POSTS:
        assert accepts_post(case.value, case.key) in (True, None), case.name
    for case in BAD_POSTS:
        assert accepts_post(case.value, case.key) in (False, None), case.name
    for case, _ in PAGES:
        assert accepts(case.value, case.key), case.name
    for case in BAD_PAGES:
        assert not accepts(case.value, case.key), case.name
