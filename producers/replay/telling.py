"""The order and the pace in which a recording goes into the topics.

Always forward in time over posts and all coins together (design: section 5). Inside a step the posts go first, then,
once the broker has them, the heartbeat that covers them, then the pages whose span is over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from newswake.clock import Clock, from_ms, to_iso, to_ms
from newswake.errors import RecordingError
from newswake.messages import HOUR_MS, MINUTE_MS, CandlePage, Heartbeat, Observation
from newswake.settings import Kafka
from producers.publisher import Keyed
from producers.recordings.candles import CandleRecording
from producers.recordings.posts import DEFAULT_SOURCE, PostRecording
from producers.replay.pages import observation_of, pages_of

log = logging.getLogger(__name__)

REPORT_SECONDS = 5.0
Item = TypeVar("Item")


class Outlet(Protocol):
    """Where messages go: the `Publisher`, or a list in a test."""

    def publish(self, topic: str, message: Keyed) -> None: ...

    def flush(self) -> None: ...


@dataclass(frozen=True)
class Recording:
    """What is replayed; at least one of the two."""

    candles: CandleRecording | None
    posts: PostRecording | None

    def __post_init__(self) -> None:
        if self.candles is None and self.posts is None:
            raise RecordingError("Nothing to replay: name a file with --candles, with --posts, or with both")

    @property
    def start(self) -> int:
        starts = [to_ms(self.candles.first)] if self.candles else []
        starts += [self.posts.places[0]] if self.posts else []
        return min(starts)

    @property
    def end(self) -> int:
        """The close of the last candle, or the last publication if that is later (epoch ms)."""
        ends = [to_ms(self.candles.end)] if self.candles else []
        ends += [to_ms(self.posts.last_published)] if self.posts else []
        return max(ends)

    @property
    def known_end(self) -> int:
        """The end, or the last time at which the recording says that something was seen."""
        return max(self.end, to_ms(self.posts.last_known)) if self.posts else self.end


@dataclass
class Told:
    """How much went out."""

    posts: int = 0
    pages: int = 0
    candles: int = 0
    heartbeats: int = 0


@dataclass(frozen=True)
class Pace:
    """`speed` seconds of the recording in one of `clock`; None: as fast as it goes."""

    speed: float | None
    clock: Clock
    stop: threading.Event

    @property
    def step_ms(self) -> int:
        return HOUR_MS if self.speed is None else MINUTE_MS

    @property
    def page_minutes(self) -> int:
        """A page holds about what closes in one second of `clock`: a divisor of an hour."""
        if self.speed is None:
            return 60
        wanted = min(60.0, self.speed / 60)
        return next(minutes for minutes in (1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60) if minutes >= wanted)


def tell(recording: Recording, outlet: Outlet, kafka: Kafka, pace: Pace) -> Told:
    """Publish all of `recording`; ends early, after a whole step, when `pace.stop` is set."""
    told = Told()
    posts, pages = _posts(recording), _pages(recording, pace.page_minutes)
    began, reported = to_ms(pace.clock.now()), time.monotonic()
    # Where everything is of one moment on a step, the step before it tells it.
    moment = min(recording.start, recording.end - 1) // pace.step_ms * pace.step_ms
    origin = moment
    while moment < recording.end and not pace.stop.is_set():
        moment = min(moment + pace.step_ms, recording.end)
        last = moment == recording.end
        if pace.speed is not None:
            due = began + (moment - origin) / pace.speed
            if pace.clock.wait((due - to_ms(pace.clock.now())) / 1000, pace.stop):
                break
        for observation in posts.until(None if last else moment - 1):
            outlet.publish(kafka.posts_topic, observation)
            told.posts += 1
        if recording.posts:
            outlet.flush()  # in another partition a heartbeat could otherwise overtake the posts that it covers
            outlet.publish(kafka.posts_topic, Heartbeat(heartbeat=moment, source=DEFAULT_SOURCE))
            told.heartbeats += 1
        for page in pages.until(None if last else moment):
            outlet.publish(kafka.candles_topic, page)
            told.pages += 1
            told.candles += len(page.open_time)
        if time.monotonic() - reported > REPORT_SECONDS:
            reported = time.monotonic()
            log.info("told up to %s: %d candles, %d posts", to_iso(from_ms(moment)), told.candles, told.posts)
    outlet.flush()
    return told


class _Queue(Generic[Item]):
    """Items with the time at which each is due, rising; handed out up to a moment."""

    def __init__(self, items: Iterator[tuple[int, Item]]) -> None:
        self._items = items
        self._next = next(items, None)

    def until(self, moment: int | None) -> Iterator[Item]:
        """The items due up to and with `moment`; all that are left when it is None."""
        while self._next is not None and (moment is None or self._next[0] <= moment):
            item = self._next[1]
            self._next = next(self._items, None)
            yield item


def _posts(recording: Recording) -> _Queue[Observation]:
    if recording.posts is None:
        return _Queue(iter(()))
    return _Queue(_observations(recording.posts, recording.known_end))


def _observations(posts: PostRecording, known_end: int) -> Iterator[tuple[int, Observation]]:
    """Each observation with the time at which it is due.

    Those of one post that do not say when they were seen were seen one millisecond after the other, in the order of
    the recording: with one and the same time the tables would take them for one observation.
    """
    untimed: Counter[tuple[str, str]] = Counter()
    for place, post in zip(posts.places, posts.posts, strict=True):
        name = (post.source, post.id)
        yield place, observation_of(post, known_end + untimed[name])
        untimed[name] += post.seen_at is None


def _pages(recording: Recording, minutes: int) -> _Queue[CandlePage]:
    return _Queue(pages_of(recording.candles, minutes) if recording.candles else iter(()))
