from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.frames import OBSERVATIONS, Period, empty
from analysis.gauge import balance, gauge, gauges
from analysis.gauge_history import gauge_history
from analysis.posts import count_posts
from tests.unit.analysis.made import START, Row, after, observation, observation_lists, post_frame

DAY = Period(START, after(1_440))


def known_by_hand(rows: list[Row], at: float) -> dict[str, tuple[Row, Row | None, bool]]:
    """Of each post what was seen by then: the newest observation, the newest with votes, whether any was hot."""
    found: dict[str, tuple[Row, Row | None, bool]] = {}
    for row in sorted(rows, key=lambda row: row["seen_at"]):
        if row["seen_at"] > after(at):
            continue
        _, voted, hot = found.get(row["post_id"], (row, None, False))
        counts = row["votes"]
        has_votes = counts is not None and (counts["positive"] is not None or counts["negative"] is not None)
        found[row["post_id"]] = (row, row if has_votes else voted, hot or bool(row["hot"]))
    return found


def votes_by_hand(rows: list[Row], coin: str, since: float, until: float) -> tuple[int, int, int, int]:
    """Positive, negative, posts, posts with votes."""
    posts = [
        voted
        for newest, voted, _ in known_by_hand(rows, until).values()
        if coin in newest["currencies"] and after(since) < newest["published_at"] <= after(until)
    ]
    voted = [row["votes"] for row in posts if row is not None]
    return (
        sum(counts["positive"] or 0 for counts in voted),
        sum(counts["negative"] or 0 for counts in voted),
        len(posts),
        len(voted),
    )


@settings(max_examples=40)
@given(observation_lists(), st.integers(0, 200), st.integers(1, 200))
def test_votes_are_those_of_plain_python(rows: list[Row], since: int, length: int) -> None:
    found = gauge(post_frame(rows), Period(after(since), after(since + length)), "BTC")
    positive, negative, posts, voted = votes_by_hand(rows, "BTC", since, since + length)
    assert (found.positive, found.negative, found.posts, found.posts_with_votes) == (positive, negative, posts, voted)
    assert found.available == (voted > 0)
    assert found.value == ((positive - negative) / (positive + negative + 10) if voted else None)


@settings(max_examples=40)
@given(observation_lists(), st.integers(1, 300), st.lists(st.integers(-10, 500), max_size=8))
def test_the_history_is_the_gauge_at_each_time(rows: list[Row], window: int, minutes: list[int]) -> None:
    times = [after(minute) for minute in minutes]
    found = gauge_history(post_frame(rows), "BTC", times, timedelta(minutes=window))
    for minute, point in zip(minutes, found, strict=True):
        then = gauge(post_frame(rows), Period(after(minute - window), after(minute)), "BTC")
        assert (point.time, point.value) == (after(minute), then.value)
        assert (point.positive, point.negative) == (then.positive, then.negative)
        assert point.posts_with_votes == then.posts_with_votes


@settings(max_examples=40)
@given(observation_lists(), st.lists(st.integers(0, 500), max_size=5), st.integers(0, 400))
def test_what_is_seen_later_changes_nothing_before(rows: list[Row], minutes: list[int], now: int) -> None:
    times = [after(minute) for minute in minutes if minute <= now]
    seen_by_now = [row for row in rows if row["seen_at"] <= after(now)]
    window = timedelta(minutes=120)
    assert gauge_history(post_frame(rows), "BTC", times, window) == gauge_history(
        post_frame(seen_by_now), "BTC", times, window
    )


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_gauge_is_drawn_towards_neutral(positive: int, negative: int) -> None:
    value = balance(positive, negative)
    assert value == -balance(negative, positive)
    assert -1 < value < 1
    if positive + negative:
        raw = (positive - negative) / (positive + negative)
        assert abs(value) <= abs(raw)
        assert abs(raw - value) <= 10 / (positive + negative + 10) + 1e-9


@pytest.mark.parametrize(("positive", "negative"), [(0, 0), (3, 0), (40, 7), (2_000, 1_500)])
def test_the_interval_is_that_of_the_posterior(positive: int, negative: int) -> None:
    """Against draws from the beta distribution itself."""
    rows = [observation("1", counts={"positive": positive, "negative": negative})]
    found = gauge(post_frame(rows), Period(after(-1), after(1)), "BTC")
    draws = 2 * np.random.default_rng(1).beta(5 + positive, 5 + negative, 400_000) - 1
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])), abs=0.004)


def test_kinds_that_nobody_gives_are_unknown_and_not_0() -> None:
    rows = [
        observation("1", 1, counts={"positive": 4, "negative": 1, "toxic": 2}),
        observation("2", 2, counts={"positive": 0, "negative": 0, "toxic": 1, "important": 0}),
    ]
    found = gauge(post_frame(rows), DAY, "BTC")
    assert found.kinds == {
        "important": 0, "liked": None, "disliked": None, "lol": None, "toxic": 3, "saved": None, "comments": None,
    }  # fmt: skip


def test_the_sentence_says_the_same() -> None:
    many = [observation(str(i), i + 1, counts={"positive": 4, "negative": 1}) for i in range(3)]
    found = gauge(post_frame([*many, observation("x", 9)]), DAY, "BTC")
    assert found.sentence == "Clearly positive (+0.36): 12 for and 3 against on 3 of 4 posts about BTC."
    assert not found.few
    few = gauge(post_frame(many[:1]), DAY, "BTC")
    assert few.sentence == "Too few votes to say: 4 for and 1 against on 1 of 1 post about BTC."
    assert few.few


def test_without_a_source_that_votes() -> None:
    found = gauge(post_frame([observation("1", 1)]), DAY, "BTC")
    assert (found.available, found.value, found.low) == (False, None, None)
    assert found.sentence == "No votes are known on the 1 post about BTC."
    assert gauge(empty(OBSERVATIONS), DAY, "BTC").sentence == "There are no posts about BTC in this period."


def test_several_coins_at_once() -> None:
    rows = [observation("1", 1, counts={"positive": 4}, coins=["BTC", "ETH"]), observation("2", 2, coins=["ETH"])]
    found = gauges(post_frame(rows), DAY, ["ETH", "BTC", "XRP"])
    assert [one.coin for one in found] == ["ETH", "BTC", "XRP"]
    assert found == tuple(gauge(post_frame(rows), DAY, coin) for coin in ("ETH", "BTC", "XRP"))


@settings(max_examples=40)
@given(observation_lists())
def test_posts_are_counted_as_in_plain_python(rows: list[Row]) -> None:
    found = count_posts(post_frame(rows), Period(after(0), after(200)), "ETH")
    posts = [
        (newest, True if hot else newest["hot"])
        for newest, _, hot in known_by_hand(rows, 200).values()
        if "ETH" in newest["currencies"] and after(0) < newest["published_at"] <= after(200)
    ]
    states = [hot for _, hot in posts]
    assert (found.posts, found.hot, found.not_hot) == (len(posts), states.count(True), states.count(False))
    assert found.hot_unknown == states.count(None)
    judged = found.hot + found.not_hot
    assert found.share_hot == (found.hot / judged if judged else None)
    assert sum(source.posts for source in found.by_source) == len(posts)
    by_hour = {hour.hour: hour.posts for hour in found.by_hour}
    assert by_hour == {hour: sum(post["published_at"].hour == hour for post, _ in posts) for hour in range(24)}
