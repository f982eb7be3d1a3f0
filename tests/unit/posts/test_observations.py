"""What is published again, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newswake.clock import ManualClock
from newswake.errors import ServiceError
from newswake.messages import Votes
from producers.posts.observations import ObservationStore
from producers.posts.source import Draft

Stores = Callable[[], ObservationStore]
POLLED = timedelta(minutes=1)


def draft(clock: ManualClock, **fields: object) -> Draft:
    return replace(Draft("1", "Bitcoin rises", clock.now() - timedelta(hours=1)), **fields)  # type: ignore[arg-type]


def poll(store: ObservationStore, clock: ManualClock, *drafts: Draft) -> list:
    clock.advance(60)
    changes = store.changes("cryptopanic", drafts, clock.now())
    store.remember(changes, clock.now())
    return [change.observation for change in changes]


def test_a_post_is_published_when_it_is_new_and_when_it_changed(make_store: Stores, clock: ManualClock) -> None:
    store, first = make_store(), draft(clock, votes=Votes(positive=1))
    assert [seen.seen_at for seen in poll(store, clock, first)] == [clock.now()]
    assert poll(store, clock, first) == []
    for changed in (
        replace(first, votes=Votes(positive=2)),
        replace(first, title="Bitcoin falls"),
        replace(first, currencies=("BTC",)),
        replace(first, panic_score=3),
    ):
        assert len(poll(store, clock, changed)) == 1
        assert poll(store, clock, changed) == []


def test_a_restart_publishes_nothing_again(make_store: Stores, clock: ManualClock) -> None:
    first = draft(clock)
    assert len(poll(make_store(), clock, first)) == 1
    assert poll(make_store(), clock, first) == []


def test_what_was_not_remembered_is_published_again(make_store: Stores, clock: ManualClock) -> None:
    store = make_store()
    assert len(store.changes("cryptopanic", [draft(clock)], clock.now())) == 1
    assert len(make_store().changes("cryptopanic", [draft(clock)], clock.now())) == 1


def test_how_far_a_source_was_read_is_known_after_a_restart(make_store: Stores, clock: ManualClock) -> None:
    store = make_store()
    assert store.read_until("cryptopanic") is None
    store.note_read("cryptopanic", clock.now())
    store.note_read("cryptopanic", clock.now() + POLLED)
    assert make_store().read_until("cryptopanic") == clock.now() + POLLED
    assert make_store().read_until("rss") is None


@pytest.mark.parametrize(
    ("said", "published"),
    [
        ([True, False], [True]),
        ([False, True, False, None], [False, True]),
        ([None, False, None], [None, False]),
        ([False, None, True], [False, True]),
    ],
)
def test_hot_is_sticky(make_store: Stores, clock: ManualClock, said: list, published: list) -> None:
    first = draft(clock)
    seen = [observed.hot for hot in said for observed in poll(make_store(), clock, replace(first, hot=hot))]
    assert seen == published


def test_sources_do_not_meet(make_store: Stores, clock: ManualClock) -> None:
    store = make_store()
    poll(store, clock, draft(clock))
    assert len(store.changes("rss.example.com", [draft(clock)], clock.now())) == 1


def test_a_post_without_a_time_keeps_the_time_at_which_it_was_first_seen(
    make_store: Stores, clock: ManualClock
) -> None:
    undated = draft(clock, published_at=None, dated=False)
    (first,) = poll(make_store(), clock, undated)
    assert first.published_at == first.seen_at
    assert poll(make_store(), clock, undated) == []
    (changed,) = poll(make_store(), clock, replace(undated, title="Other"))
    assert changed.published_at == first.published_at


def test_a_time_ahead_of_our_clock_is_the_time_of_seeing_also_when_it_has_come(
    make_store: Stores, clock: ManualClock
) -> None:
    ahead = clock.now() + timedelta(minutes=30)
    (first,) = poll(make_store(), clock, draft(clock, published_at=ahead, dated=False))
    assert first.published_at == first.seen_at < ahead
    clock.advance(3600)
    assert poll(make_store(), clock, draft(clock, published_at=ahead, dated=True)) == []


def test_a_source_whose_clock_is_hours_ahead_names_no_time_of_the_future(
    make_store: Stores, clock: ManualClock
) -> None:
    ahead = clock.now() + timedelta(hours=3)
    (first,) = poll(make_store(), clock, draft(clock, published_at=ahead, created_at=ahead))
    assert (first.published_at, first.created_at) == (first.seen_at, None)
    (near,) = poll(make_store(), clock, draft(clock, id="2", created_at=clock.now() + timedelta(minutes=2)))
    assert near.created_at is not None


def test_a_date_that_a_source_edits_is_a_change(make_store: Stores, clock: ManualClock) -> None:
    first = draft(clock)
    poll(make_store(), clock, first)
    edited = replace(first, published_at=clock.now() - timedelta(hours=2))
    assert [seen.published_at for seen in poll(make_store(), clock, edited)] == [edited.published_at]


def test_what_is_seen_no_more_is_forgotten_and_what_stays_is_not(make_store: Stores, clock: ManualClock) -> None:
    store, gone, stays = make_store(), draft(clock), draft(clock, id="2")
    poll(store, clock, gone, stays)
    for _ in range(70):
        clock.advance(86_400)
        assert poll(store, clock, stays) == []
    assert [seen.id for seen in poll(store, clock, gone, stays)] == ["1"]


def test_a_post_that_does_not_fit_the_contract_is_left_out_and_said(
    make_store: Stores, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    assert [seen.id for seen in poll(make_store(), clock, draft(clock, id="x" * 600), draft(clock))] == ["1"]
    assert "left out" in caplog.text


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "published.sqlite"
    path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(ServiceError, match="delete the file"):
        ObservationStore(path, timedelta(days=1))


states = st.tuples(st.sampled_from([None, False, True]), st.integers(0, 2), st.sampled_from(["a", "b"]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.sampled_from("123"), states, st.booleans()), max_size=12))
def test_the_last_published_state_is_always_the_present_one(
    tmp_path_factory: pytest.TempPathFactory, steps: list
) -> None:
    """Whatever is polled, and whenever it restarts: the newest message of a post says what its source says."""
    path = tmp_path_factory.mktemp("store") / "published.sqlite"
    clock = ManualClock(datetime(2025, 1, 1, tzinfo=UTC))
    store = ObservationStore(path, timedelta(days=60))
    last: dict[str, object] = {}
    hot: dict[str, bool | None] = {}
    for post_id, (said, positive, title), restarts in steps:
        if restarts:
            store.close()
            store = ObservationStore(path, timedelta(days=60))
        now = draft(clock, id=post_id, hot=said, votes=Votes(positive=positive), title=title, published_at=clock.now())
        now = replace(now, published_at=now.published_at.replace(minute=0))  # type: ignore[union-attr]
        known = hot.get(post_id)
        hot[post_id] = known if known or said is None else said
        observed = poll(store, clock, now)
        if observed:
            assert observed[0].content() != last.get(post_id)
            last[post_id] = observed[0].content()
        expected = replace(now, hot=hot[post_id]).observed("cryptopanic", now.published_at, clock.now())  # type: ignore[arg-type]
        assert last[post_id] == expected.content()
    store.close()
