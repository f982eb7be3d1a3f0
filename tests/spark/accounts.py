"""Every message of a frame accounted for: judged as plain Python judges it, and in exactly one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import SparkSession

from streaming.parsing.candles import parse_candles
from streaming.parsing.posts import parse_posts
from streaming.queries import candles, dead_letters, posts
from tests.as_live import as_live
from tests.spark.frames import ARRIVED, TOLERANCE_SECONDS, kafka_frame
from tests.spark.judge import accepts
from tests.spark.post_judge import accepts_post

Drawn = tuple[bytes | None, bytes | None]


@dataclass(frozen=True)
class Account:
    """Messages accepted and refused; of these `unsure` were left open by the judge. `reasons`: how often each was
    given."""

    accepted: int
    refused: int
    unsure: int
    reasons: Counter[str]

    def __add__(self, other: Account) -> Account:
        return Account(
            self.accepted + other.accepted,
            self.refused + other.refused,
            self.unsure + other.unsure,
            self.reasons + other.reasons,
        )


def assert_same_by_a_small_plan(spark: SparkSession, messages: Sequence[Drawn], reasons: Mapping[int, str]) -> None:
    """The plan of live runs refuses the same messages of the candles topic for the same reasons."""
    frame = kafka_frame(spark, [(key, value, ARRIVED) for key, value in messages])
    with as_live(spark):
        rows = parse_candles(frame, TOLERANCE_SECONDS, small_plan=True).select("offset", "reason").collect()
    for offset, reason in rows:
        assert reason == reasons.get(offset), f"{messages[offset]!r}: {reason!r}, else {reasons.get(offset)!r}"


def account(spark: SparkSession, topic: str, messages: Sequence[Drawn]) -> Account:
    """Parse messages (key, value) of the topic `posts` or `candles`.

    Raises `AssertionError` showing the message that is in no place, in two, without a reason, or judged otherwise.
    """
    parse, build, judge = {
        "candles": (parse_candles, candles.build, accepts),
        "posts": (parse_posts, posts.build, accepts_post),
    }[topic]
    parsed = parse(kafka_frame(spark, [(key, value, ARRIVED) for key, value in messages]), TOLERANCE_SECONDS).persist()
    try:
        in_table = {row["position"] for row in build(parsed).select("position").distinct().collect()}
        letters = [(row["offset"], row["reason"]) for row in dead_letters.build(parsed).collect()]
        beats = set()
        if topic == "posts":
            heard = parsed.where("reason is null and heartbeat is not null").select("position").collect()
            beats = {row["position"] for row in heard}
    finally:
        parsed.unpersist()
    reasons = dict(letters)
    assert len(letters) == len(reasons), "a message is in the dead letters twice"
    if topic == "candles":
        assert_same_by_a_small_plan(spark, messages, reasons)
    unsure, wrong = 0, []
    for place, (key, value) in enumerate(messages):
        found = (place in in_table) + (place in reasons) + (place in beats)
        wanted = judge(value, key)
        unsure += wanted is None
        if found != 1 or not reasons.get(place, "accepted").strip():
            wrong.append((f"in {found} places", reasons.get(place), key, value))
        elif wanted is not None and wanted != (place not in reasons):
            wrong.append((reasons.get(place, "accepted"), key, value))
    assert not wrong, wrong
    return Account(len(messages) - len(reasons), len(reasons), unsure, Counter(reasons.values()))
