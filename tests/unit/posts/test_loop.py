"""The loop: order of what is published, states with their next try, pauses, and a prompt end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from newswake.clock import ManualClock, SystemClock, to_ms
from newswake.errors import ServiceError, SourceError, SourceRefusal, SourceRetry
from producers.posts import loop
from producers.posts.loop import Poller, backoff, run
from producers.posts.observations import ObservationStore
from producers.posts.outbox import Outbox
from producers.posts.source import Draft, Poll
from producers.states import Condition, StateBoard

from .conftest import START, KeptMessages


class FakeSource:
    """Gives the polls that it was made with, the last one again and again."""

    def __init__(self, *polls: Poll, name: str = "cryptopanic") -> None:
        self.polls = list(polls)
        self.name = name
        self.ready: Callable[[datetime], datetime] = lambda now: now
        self.confirmed = 0
        self.polled = 0

    def ready_at(self, now: datetime) -> datetime:
        return self.ready(now)

    def poll(self, now: datetime) -> Poll:
        self.polled += 1
        return self.polls.pop(0) if len(self.polls) > 1 else self.polls[0]

    def published(self) -> None:
        self.confirmed += 1


def posts(*ids: str, read_until: datetime | None = START, error: SourceError | None = None) -> Poll:
    return Poll(tuple(Draft(post_id, "t", START) for post_id in ids), error, read_until)


@pytest.fixture
def states(tmp_path: Path) -> Path:
    return tmp_path / "states"


@pytest.fixture
def make(outbox: Outbox, states: Path, clock: ManualClock) -> Callable[[FakeSource], Poller]:
    def make(source: FakeSource) -> Poller:
        return Poller(source, outbox, StateBoard(states), clock, 60.0, lambda: 0.5)

    return make


def shown(states: Path, name: str = "posts.cryptopanic") -> dict:
    return json.loads((states / f"{name}.json").read_text())


def test_posts_are_flushed_before_the_heartbeat_that_covers_them(
    make: Callable[[FakeSource], Poller], sender: KeptMessages
) -> None:
    source = FakeSource(posts("1", "2"))
    make(source).step()
    kinds = [
        event if isinstance(event, str) else "heartbeat" if "heartbeat" in event else "post" for event in sender.events
    ]
    assert kinds == ["post", "post", "flush", "heartbeat", "flush"]
    assert sender.heartbeats == [{"heartbeat": to_ms(START), "source": "cryptopanic"}]
    assert {post["source"] for post in sender.posts} == {"cryptopanic"}
    assert source.confirmed == 1


def test_what_the_broker_did_not_take_is_published_again_and_not_confirmed(
    make: Callable[[FakeSource], Poller], sender: KeptMessages
) -> None:
    source = FakeSource(posts("1"))
    sender.refuse = ServiceError("gone")
    with pytest.raises(ServiceError):
        make(source).step()
    assert (source.confirmed, sender.heartbeats) == (0, [])
    sender.refuse = None
    make(source).step()
    make(source).step()
    assert [post["id"] for post in sender.posts] == ["1", "1"]


def test_a_poll_that_failed_publishes_what_it_has_and_no_heartbeat(
    make: Callable[[FakeSource], Poller], sender: KeptMessages, states: Path
) -> None:
    make(FakeSource(posts("1", read_until=None, error=SourceRetry("cut")))).step()
    assert ([post["id"] for post in sender.posts], sender.heartbeats) == (["1"], [])
    assert shown(states)["condition"] == "waiting"


def test_heartbeats_are_said_again_between_slow_polls(
    make: Callable[[FakeSource], Poller], outbox: Outbox, sender: KeptMessages
) -> None:
    outbox.repeat_heartbeats()
    assert sender.heartbeats == [], "nothing was read yet"
    make(FakeSource(posts("1"))).step()
    outbox.repeat_heartbeats()
    assert [beat["heartbeat"] for beat in sender.heartbeats] == [to_ms(START)] * 2


@pytest.mark.parametrize(
    ("error", "condition", "seconds"),
    [
        (SourceRetry("slow down", START + timedelta(seconds=17)), "waiting", 17),
        (SourceRetry("slow down", START), "waiting", 60),
        (SourceRetry("broken"), "waiting", 60),
        (SourceRefusal("wrong key"), "stopped", 3600),
    ],
)
def test_states_and_pauses(
    make: Callable[[FakeSource], Poller], states: Path, error: SourceError, condition: str, seconds: float
) -> None:
    assert make(FakeSource(posts(read_until=None, error=error))).step() == seconds
    state = shown(states)
    assert (state["condition"], state["reason"]) == (condition, str(error))
    assert datetime.fromisoformat(state["next_try_at"]) == START + timedelta(seconds=seconds)


def test_failures_in_a_row_wait_longer_and_an_answer_begins_anew(
    make: Callable[[FakeSource], Poller], states: Path
) -> None:
    bad = posts(read_until=None, error=SourceRetry("broken"))
    poller = make(FakeSource(bad, bad, bad, posts(), bad))
    assert [poller.step() for _ in range(5)] == [60, 120, 240, 60, 60]
    assert poller.name == "posts.cryptopanic"


def test_the_jitter_stays_inside_its_bounds() -> None:
    for failures in (1, 2, 5, 40, 4_000):
        least, most = backoff(failures, 60, 0.0), backoff(failures, 60, 0.999999)
        assert least < most <= 3600 * 1.25
        assert least >= 45


def test_a_quota_makes_the_pause_longer(make: Callable[[FakeSource], Poller], states: Path) -> None:
    source = FakeSource(posts())
    source.ready = lambda now: now + timedelta(hours=15)
    assert make(source).step() == 15 * 3600
    assert shown(states)["condition"] == "ok"


def test_a_start_waits_for_its_share_of_the_quota(
    make: Callable[[FakeSource], Poller], clock: ManualClock, states: Path
) -> None:
    stop = threading.Event()
    source = FakeSource(posts())
    source.ready = lambda now: START + timedelta(hours=5)
    poll = source.poll

    def last(now: datetime) -> Poll:
        stop.set()
        return poll(now)

    source.poll = last  # type: ignore[method-assign]
    make(source).run(stop)
    assert clock.waits[0] == 5 * 3600
    assert source.polled == 1


def test_a_delayed_plan_is_shown(make: Callable[[FakeSource], Poller], states: Path) -> None:
    make(FakeSource(Poll(read_until=START, condition=Condition.DELAYED, reason="24 h late"))).step()
    assert (shown(states)["condition"], shown(states)["reason"]) == ("delayed", "24 h late")


class StandingClock(ManualClock):
    """A clock at its end: time stands still, waiting takes real moments."""

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self.waits.append(seconds)
        return stop.wait(0.002)


def test_polls_go_on_when_the_clock_stands_still(outbox: Outbox, states: Path) -> None:
    """A recording ends: its last posts must still be fetched, although no time passes any more."""
    clock, stop, source = StandingClock(START), threading.Event(), FakeSource(posts())
    source.ready = lambda now: now + timedelta(milliseconds=8)
    poller = Poller(source, outbox, StateBoard(states), clock, 60.0)
    worker = threading.Thread(target=poller.run, args=(stop,))
    worker.start()
    deadline = time.monotonic() + 5
    while source.polled < 3 and time.monotonic() < deadline:
        stop.wait(0.005)
    stop.set()
    worker.join(5)
    assert source.polled >= 3
    assert min(clock.waits[1:]) >= 60, "no busy loop"


class SlowSource(FakeSource):
    """A source whose answer does not come until the test is over."""

    def __init__(self) -> None:
        super().__init__(posts(), name="rss.slow")
        self.asked = threading.Event()
        self.release = threading.Event()

    def poll(self, now: datetime) -> Poll:
        self.asked.set()
        self.release.wait(20)
        return super().poll(now)


def test_a_slow_source_delays_neither_the_others_nor_the_end(
    outbox: Outbox, sender: KeptMessages, states: Path
) -> None:
    stop, slow, quick = threading.Event(), SlowSource(), FakeSource(posts("1"), name="rss.quick")
    board, clock = StateBoard(states), SystemClock()
    pollers = [Poller(source, outbox, board, clock, 60.0) for source in (slow, quick)]
    main = threading.Thread(target=run, args=(pollers, outbox, clock, stop))
    main.start()
    assert slow.asked.wait(5)
    deadline = time.monotonic() + 5
    while not sender.heartbeats and time.monotonic() < deadline:
        stop.wait(0.005)
    assert [post["source"] for post in sender.posts] == ["rss.quick"]
    began = time.monotonic()
    stop.set()
    main.join(5)
    assert not main.is_alive()
    assert time.monotonic() - began < 4
    slow.release.set()


class RacingClock:
    """A clock that passes a day in a real second, until its `end`."""

    def __init__(self, end: datetime | None = None) -> None:
        self._began = time.monotonic()
        self._end = end

    def now(self) -> datetime:
        moment = START + timedelta(days=time.monotonic() - self._began)
        return min(moment, self._end) if self._end else moment

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        return stop.wait(max(0.0, seconds) / 86_400)


@pytest.mark.parametrize(("end", "expected"), [(None, range(2, 20)), (START, range(1))])
def test_a_clock_that_races_or_stands_still_makes_no_flood_of_heartbeats(
    outbox: Outbox, sender: KeptMessages, monkeypatch: pytest.MonkeyPatch, end: datetime | None, expected: range
) -> None:
    monkeypatch.setattr(loop, "BEAT_REAL_SECONDS", 0.05)
    outbox.deliver("cryptopanic", posts(), START)
    delivered = len(sender.heartbeats)
    stop = threading.Event()
    beating = threading.Thread(target=loop.beat, args=(outbox, RacingClock(end), stop))
    beating.start()
    beating.join(0.9)
    stop.set()
    beating.join(5)
    assert len(sender.heartbeats) - delivered in expected


def test_a_broker_that_is_gone_ends_everything_with_its_sentence(
    outbox: Outbox, sender: KeptMessages, states: Path
) -> None:
    sender.refuse = ServiceError("the broker is gone")
    poller = Poller(FakeSource(posts("1")), outbox, StateBoard(states), SystemClock(), 60.0)
    with pytest.raises(ServiceError, match="the broker is gone"):
        run([poller], outbox, SystemClock(), threading.Event())


def test_a_closed_outbox_takes_nothing(
    outbox: Outbox, sender: KeptMessages, make_store: Callable[[], ObservationStore]
) -> None:
    outbox.close()
    assert outbox.deliver("cryptopanic", posts("1"), START) == 0
    outbox.repeat_heartbeats()
    assert sender.events == []
    assert len(make_store().changes("cryptopanic", posts("1").drafts, START)) == 1
