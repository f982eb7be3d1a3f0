"""What producers may put on the topics: what a contract accepts survives its JSON, what breaks it is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from newswake.coins import clean_codes
from newswake.messages import (
    HOUR_MS,
    MINUTE_MS,
    VOTE_KINDS,
    CandlePage,
    Heartbeat,
    Observation,
    Votes,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
CODES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='{}[]":'), max_size=20)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=3)), timezone(timedelta(hours=-9, minutes=-30))])
TIMES = st.datetimes(datetime(2010, 1, 2), datetime(2035, 1, 1), timezones=ZONES)
COUNTS = st.none() | st.integers(0, 10**6)

observations = st.builds(
    Observation,
    id=TEXT.filter(bool),
    source=st.sampled_from(["rss", "cryptopanic"]),
    title=TEXT,
    url=st.none() | TEXT,
    published_at=TIMES,
    created_at=st.none() | TIMES,
    seen_at=TIMES,
    hot=st.sampled_from([None, True, False]),
    currencies=st.lists(CODES, max_size=5).map(tuple),
    votes=st.none() | st.builds(Votes, **dict.fromkeys(VOTE_KINDS, COUNTS)),
    panic_score=st.none() | st.integers(0, 100),
)


@given(observations)
def test_an_observation_survives_its_json(observation: Observation) -> None:
    body = json.loads(observation.to_json())
    assert body["id"] == observation.id
    assert observation.key == observation.id.encode()
    assert body["hot"] is observation.hot
    assert [currency["code"] for currency in body["currencies"]] == list(observation.currencies)
    assert body["votes"] == (observation.votes.model_dump() if observation.votes else None)
    for name in ("published_at", "created_at", "seen_at"):
        moment = getattr(observation, name)
        assert (name in body) == (moment is not None)
        if moment is not None:
            assert body[name].endswith("Z")
            assert timedelta() <= moment - datetime.fromisoformat(body[name]) < timedelta(milliseconds=1)


@given(observations, TIMES)
def test_the_time_of_the_poll_is_no_change_and_anything_else_is(observation: Observation, seen_at: datetime) -> None:
    assert observation.model_copy(update={"seen_at": seen_at}).content() == observation.content()
    flipped = {None: True, True: False, False: None}[observation.hot]
    assert observation.model_copy(update={"hot": flipped}).content() != observation.content()


@given(st.lists(TEXT, max_size=8))
def test_clean_codes_are_clean_and_stay_so(raw: list[str]) -> None:
    codes = clean_codes(raw)
    assert all(code == code.strip() and code for code in codes)
    assert len(set(codes)) == len(codes)
    assert {code.strip().upper() for code in raw} - {""} == set(codes)


def observation(**changes: Any) -> dict[str, Any]:
    now = datetime(2025, 1, 6, 12, tzinfo=UTC)
    return {"id": "1", "source": "rss", "title": "t", "published_at": now, "seen_at": now} | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": "x" * 513},
        {"source": "A b"},
        {"source": ""},
        {"title": "x" * 4_001},
        {"published_at": datetime(2025, 1, 6)},
        {"seen_at": None},
        {"surprise": 1},
        {"votes": {"positive": "many"}},
        {"votes": {"surprise": 1}},
    ],
)
def test_what_breaks_the_contract_of_an_observation_is_refused(changes: dict[str, Any]) -> None:
    Observation.model_validate(observation())
    with pytest.raises(ValidationError):
        Observation.model_validate(observation(**changes))


HOUR = 1_736_164_800_000
PRICE = st.floats(1e-9, 1e9)


@st.composite
def pages(draw: st.DrawFn) -> dict[str, Any]:
    minutes = sorted(draw(st.sets(st.integers(0, 59), min_size=1, max_size=8)))
    column = st.lists(PRICE, min_size=len(minutes), max_size=len(minutes))
    low, high = draw(column), draw(column)
    return {
        "symbol": draw(st.sampled_from(["BTC", "$1", "888"])),
        "quote": "USDT",
        "exchange": "binance",
        "seen_at": HOUR + HOUR_MS,
        "open_time": [HOUR + minute * MINUTE_MS for minute in minutes],
        "open": draw(column),
        "high": [max(pair) for pair in zip(low, high, strict=True)],
        "low": [min(pair) for pair in zip(low, high, strict=True)],
        "close": draw(column),
        "volume": draw(column),
        "filled": draw(st.none() | st.just([False] * len(minutes))),
    }


@given(pages())
def test_a_page_survives_its_json(body: dict[str, Any]) -> None:
    page = CandlePage.model_validate(body)
    told = json.loads(page.to_json())
    assert told == {name: value for name, value in body.items() if value is not None} | {"interval": "1m"}
    assert page.key == body["symbol"].encode()
    assert all(earlier < later for earlier, later in pairwise(told["open_time"]))


def _changed(body: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    return {**body, name: [value, *body[name][1:]]}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body | {"symbol": "BTC/USDT"},
        lambda body: body | {"symbol": ""},
        lambda body: body | {"quote": ""},
        lambda body: body | {"interval": "5m"},
        lambda body: body | {"seen_at": 0},
        lambda body: body | {"surprise": 1},
        lambda body: {name: [] if isinstance(value, list) else value for name, value in body.items()},
        lambda body: body | {"close": body["close"] + [1.0]},
        lambda body: body | {"trades": [1] * (len(body["close"]) + 1)},
        lambda body: body | {"open_time": [time + 1 for time in body["open_time"]]},
        lambda body: (
            body | {"open_time": [body["open_time"][0] - HOUR_MS, *body["open_time"][1:]]}
            if len(body["open_time"]) > 1
            else body | {"open_time": []}
        ),
        lambda body: body | {"open_time": body["open_time"][::-1] if len(body["open_time"]) > 1 else [1]},
        lambda body: _changed(body, "close", 0.0),
        lambda body: _changed(body, "open", -1.0),
        lambda body: _changed(body, "low", float("nan")),
        lambda body: _changed(body, "high", float("inf")),
        lambda body: _changed(body, "low", 2e9),
        lambda body: _changed(body, "volume", -1.0),
    ],
)
@given(body=pages())
def test_what_breaks_the_contract_of_a_page_is_refused(spoil: Any, body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CandlePage.model_validate(spoil(body))


def test_a_heartbeat_says_up_to_when_and_of_which_source() -> None:
    beat = Heartbeat(heartbeat=HOUR, source="rss")
    assert json.loads(beat.to_json()) == {"heartbeat": HOUR, "source": "rss"}
    assert beat.key == b"heartbeat:rss"
    with pytest.raises(ValidationError):
        Heartbeat(heartbeat=0, source="rss")
