"""The life of simulated posts."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from producers.simulator.life import (
    DELAY_CAP_MS,
    LAST_CHANGE_MS,
    SimulatedPost,
    arrival,
    hot_time,
    votes_scale,
)

HOUR = 3_600_000
T0 = 1_735_689_600_000


def post(votes: tuple[int | None, ...], arrives_at: int, end: int, seed: int = 1) -> SimulatedPost:
    scale = votes_scale(seed, 1, arrives_at, end)
    return SimulatedPost(1, "t", T0, arrives_at, arrives_at, ("BTC",), votes, scale, "u", "d", "news", None)


def test_delays_have_the_recorded_tail() -> None:
    delays = sorted(arrival(1, number, T0, None) - T0 for number in range(20_000))
    assert 3 * 60_000 < delays[10_000] < 5 * 60_000
    assert abs(sum(delay > HOUR for delay in delays) / 20_000 - 1 / 8) < 0.01
    assert delays[0] >= 0 and delays[-1] == DELAY_CAP_MS
    assert [arrival(2, 7, T0, None)] == [arrival(2, 7, T0, None)] != [arrival(3, 7, T0, None)]


def test_some_turn_hot_at_once_and_some_hours_later() -> None:
    moments = []
    for number in range(2_000):
        arrives = arrival(1, number, T0, None)
        hot = hot_time(1, number, T0, arrives, None)
        assert arrives <= hot <= max(arrives, T0 + LAST_CHANGE_MS)
        moments.append(hot - arrives)
    assert 0.3 < sum(moment == 0 for moment in moments) / 2_000 < 0.4
    assert sum(moment > 4 * HOUR for moment in moments) > 100


def test_nothing_happens_after_the_end() -> None:
    for number in range(500):
        arrives = arrival(1, number, T0, T0 + HOUR)
        assert T0 <= arrives <= T0 + HOUR
        assert hot_time(1, number, T0, arrives, T0 + HOUR) <= T0 + HOUR


@given(
    st.tuples(*[st.none() | st.integers(0, 5_000)] * 9),
    st.integers(0, 30 * HOUR),
    st.integers(0, 30 * HOUR),
    st.lists(st.integers(0, 60 * HOUR), max_size=8),
)
def test_votes_never_fall_and_end_as_recorded(
    votes: tuple[int | None, ...], delay: int, rest: int, moments: list[int]
) -> None:
    end = T0 + delay + rest
    growing = post(votes, T0 + delay, end)
    path = [growing.votes_at(min(T0 + delay + moment, end)) for moment in sorted(moments)]
    assert growing.votes_at(end) == votes
    for kind in range(9):
        counts = [found[kind] for found in path if found]
        if votes[kind] is None:
            assert set(counts) <= {None}
        else:
            assert all(isinstance(count, int) and 0 <= count <= votes[kind] for count in counts)
            assert counts == sorted(counts, key=int)  # type: ignore[arg-type]


def test_votes_saturate() -> None:
    growing = post((1000,) * 9, T0, T0 + 1000 * HOUR)
    gained = [growing.votes_at(T0 + int(growing.votes_scale_ms * step)) for step in range(5)]
    counts = [votes[0] or 0 for votes in gained if votes]
    assert counts[0] == 0 and abs(counts[1] - 632) <= 1
    steps = [later - earlier for earlier, later in pairwise(counts)]
    assert steps == sorted(steps, reverse=True)
