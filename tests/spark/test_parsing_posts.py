"""Every message of the posts topic ends in exactly one place: a row, the clock, or the dead letters with a reason."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession

from newswake.messages import Observation, Votes
from producers.posts.text import EARLIEST
from streaming.parsing.posts import parse_posts
from streaming.queries.posts import build
from streaming.schemas import VOTE_KINDS
from tests.spark.frames import (
    ARRIVED,
    ARRIVED_MS,
    TOLERANCE_SECONDS,
    Case,
    Fate,
    as_json,
    assert_fate,
    fates_of,
    kafka_frame,
)
from tests.spark.post_corpus import BAD, BARE, GOOD, HEARTBEATS, VOTES

pytestmark = pytest.mark.spark

SAMPLES = ("cryptopanic_v1_2022-03-14_posts.json", "cryptopanic_v1_2018-01-18_hot_moq.json")


@pytest.fixture(scope="module")
def fates(spark: SparkSession) -> dict[str, Fate]:
    good = [case for case, _ in GOOD]
    cases = [*good[: len(good) // 2], *BAD, *HEARTBEATS, *good[len(good) // 2 :]]
    return fates_of(spark, cases, parse_posts, build)


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_malformed_message_is_refused_with_a_reason(fates: dict[str, Fate], case: Case) -> None:
    assert_fate(case, fates[case.name], rows=0)


@pytest.mark.parametrize(("case", "codes"), GOOD, ids=str)
def test_a_good_message_gives_one_row_with_clean_codes(fates: dict[str, Fate], case: Case, codes: list[str]) -> None:
    assert_fate(case, fates[case.name], rows=1)
    assert fates[case.name].rows[0]["currencies"] == codes


@pytest.mark.parametrize("case", HEARTBEATS, ids=str)
def test_a_heartbeat_is_neither_a_row_nor_a_dead_letter(fates: dict[str, Fate], case: Case) -> None:
    assert_fate(case, fates[case.name], rows=0)


def test_a_heartbeat_has_its_time(spark: SparkSession) -> None:
    frame = kafka_frame(spark, [(case.key, case.value, ARRIVED) for case in HEARTBEATS])
    rows = parse_posts(frame, TOLERANCE_SECONDS).select("heartbeat", "position").collect()
    assert {row["position"]: row["heartbeat"].timestamp() * 1000 for row in rows} == {
        0: ARRIVED_MS - 5,
        1: ARRIVED_MS - 7,
    }


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_a_row_holds_what_the_observation_says(fates: dict[str, Fate]) -> None:
    row = fates["observation"].rows[0].asDict(recursive=True)
    told = json.loads(next(case.value for case, _ in GOOD if case.name == "observation") or b"")
    for name in ("source", "kind", "title", "url", "domain", "hot", "votes", "panic_score"):
        assert row[name] == told[name], name
    for name in ("published_at", "created_at", "seen_at"):
        assert row[name].timestamp() == _moment(told[name]), name
    assert row["post_id"] == told["id"]


def test_a_bare_post_was_seen_when_the_broker_got_it_and_does_not_say_whether_it_is_hot(fates: dict[str, Fate]) -> None:
    row = fates["bare post"].rows[0]
    assert (row["post_id"], row["source"], row["hot"]) == (str(BARE["id"]), "cryptopanic", None)
    assert row["seen_at"].timestamp() == ARRIVED.timestamp()
    assert row["published_at"].timestamp() == _moment(str(BARE["published_at"]))


def test_an_absent_vote_is_null_and_not_zero(fates: dict[str, Fate]) -> None:
    assert fates["observation"].rows[0]["votes"].asDict() == VOTES
    assert fates["votes null"].rows[0]["votes"] is None
    three = fates["votes of three kinds"].rows[0]["votes"].asDict()
    assert three == dict.fromkeys(VOTE_KINDS) | {"negative": 0, "positive": 4}


def test_details_of_good_messages(fates: dict[str, Fate]) -> None:
    assert fates["another zone"].rows[0]["published_at"].timestamp() == _moment("2025-01-06T11:00:30+00:00")
    assert fates["emoji escaped"].rows[0]["title"] == "😀 Bitcoin loses support"
    assert fates["text that looks like an escape"].rows[0]["title"] == "C:\\u0000 and \\ud83d"
    assert fates["source in upper case"].rows[0]["source"] == "cryptopanic"
    assert fates["hot unknown"].rows[0]["hot"] is fates["hot absent"].rows[0]["hot"] is None


def test_what_a_producer_may_publish_is_accepted(spark: SparkSession) -> None:
    plain = Observation(id="1", source="a", title="", published_at=EARLIEST, seen_at=EARLIEST)
    widest: list[dict[str, Any]] = [
        {"id": "x" * 512},
        {"source": "s" * 64},
        {"kind": "k" * 64, "title": "t" * 4_000, "url": "u" * 4_000, "domain": "d" * 512},
        {"currencies": ("C" * 64, "a b", "\u00e4$!-_.")},
        {"votes": Votes(positive=2**31 - 1), "panic_score": 100, "created_at": EARLIEST},
    ]
    observations = [plain, *(Observation(**{**dict(plain), **fields}) for fields in widest)]
    frame = kafka_frame(spark, [(one.key, one.to_json(), ARRIVED) for one in observations])
    assert [row["reason"] for row in parse_posts(frame, TOLERANCE_SECONDS).select("reason").collect()] == [None] * 6
    for fields in ({"kind": "k" * 65}, {"domain": "d" * 513}, {"currencies": ("a:b",)}, {"currencies": ("C" * 65,)}):
        with pytest.raises(ValidationError):
            Observation(**{**dict(plain), **fields})


def test_recorded_answers_of_every_shape_are_good_messages(spark: SparkSession, shared_data: Path) -> None:
    posts = [post for name in SAMPLES for post in _posts(json.loads((shared_data / "api_samples" / name).read_text()))]
    shapes = {
        (len(post["votes"]), "." in post["published_at"], min(2, len(post.get("currencies", ())))) for post in posts
    }
    assert len(shapes) == 9, "vote kinds, form of the time, coins: none, one or several"
    cases = [Case(f"{place}", as_json(post), key=str(post["id"]).encode()) for place, post in enumerate(posts)]
    fates = fates_of(spark, cases, parse_posts, build)
    for case, post in zip(cases, posts, strict=True):
        assert_fate(case, fates[case.name], rows=1)
        row = fates[case.name].rows[0]
        codes = [currency["code"].strip().upper() for currency in post.get("currencies", ())]
        assert row["currencies"] == list(dict.fromkeys(codes))
        assert row["votes"].asDict() == dict.fromkeys(VOTE_KINDS) | post["votes"]
        assert row["published_at"].timestamp() == _moment(post["published_at"])
        assert (row["title"], row["url"]) == (post["title"], post["url"])


def _posts(answer: Any) -> list[dict[str, Any]]:
    """Every post in a recorded answer, wherever it stands."""
    if isinstance(answer, dict) and "published_at" in answer:
        return [answer]
    inside = answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else ()
    return [post for value in inside for post in _posts(value)]
