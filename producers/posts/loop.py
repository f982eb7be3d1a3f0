"""Polling: a thread for each source, so that a slow one delays no other, until somebody says stop."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta

from newswake.clock import Clock
from newswake.errors import SourceError, SourceRefusal, SourceRetry
from producers.posts.outbox import Outbox
from producers.posts.source import Source
from producers.states import Condition, StateBoard

log = logging.getLogger(__name__)
BEAT_SECONDS = 30.0  # a heartbeat is due once a minute of the clock; the publishing itself takes time
BEAT_REAL_SECONDS = 1.0  # and never more often than this, however fast the clock is
REFUSED_SECONDS = 3_600.0
LONGEST_BACKOFF_SECONDS = 3_600.0
JOIN_SECONDS = 0.5


class Poller:
    """Polls one source again and again. `random_number` gives numbers in [0, 1), for the jitter of the backoff."""

    def __init__(
        self,
        source: Source,
        outbox: Outbox,
        board: StateBoard,
        clock: Clock,
        poll_seconds: float,
        random_number: Callable[[], float] = random.random,
    ) -> None:
        self._source = source
        self._outbox = outbox
        self._board = board
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._random_number = random_number
        self._failures = 0

    @property
    def name(self) -> str:
        return f"posts.{self._source.name}"

    def run(self, stop: threading.Event) -> None:
        """Poll until `stop` is set. After a wait it polls whatever the clock says: a simulated one may stand still."""
        now = self._clock.now()
        pause = (self._source.ready_at(now) - now).total_seconds()
        if pause > 0:
            until = now + timedelta(seconds=pause)
            self._board.show(self.name, Condition.OK, "waits for its share of the quota", now, until)
        while not self._clock.wait(max(0.0, pause), stop):
            pause = self.step()

    def step(self) -> float:
        """Poll once, publish, show the state. Returns the seconds of the clock until the next poll."""
        poll = self._source.poll(self._clock.now())
        now = self._clock.now()  # taken after the answer: this is when we have seen it
        count = self._outbox.deliver(self._source.name, poll, now)
        self._source.published()
        if count:
            log.info("source %s: %d of %d posts are new or changed", self.name, count, len(poll.drafts))
        if poll.error is None:
            self._failures = 0
            condition, reason, pause = poll.condition, poll.reason, self._poll_seconds
        else:
            condition, reason, pause = self._judge(poll.error)
        pause = max(pause, (self._source.ready_at(now) - now).total_seconds())
        covered_from = min((draft.published_at for draft in poll.drafts if draft.published_at), default=None)
        error = None if poll.error is None else str(poll.error)
        self._board.polled(self.name, now, error, covered_from, poll.read_until)
        self._board.show(self.name, condition, reason, now, now + timedelta(seconds=pause))
        return pause

    def _judge(self, error: SourceError) -> tuple[Condition, str, float]:
        """What an error means: how it is shown, and how long to wait."""
        if isinstance(error, SourceRefusal):
            self._failures = 0
            return Condition.STOPPED, str(error), max(REFUSED_SECONDS, self._poll_seconds)
        self._failures += 1
        retry_at = error.retry_at if isinstance(error, SourceRetry) else None
        named = (retry_at - self._clock.now()).total_seconds() if retry_at else 0.0
        pause = named if named > 0 else backoff(self._failures, self._poll_seconds, self._random_number())
        return Condition.WAITING, str(error), pause


def backoff(failures: int, poll_seconds: float, random_number: float) -> float:
    """Seconds to wait after so many failures in a row: doubling from the usual pace up to an hour, a quarter off or on.

    >>> backoff(1, 60, 0.5), backoff(3, 60, 0.5), backoff(30, 60, 0.0)
    (60.0, 240.0, 2700.0)
    """
    longest = max(LONGEST_BACKOFF_SECONDS, poll_seconds)
    return min(longest, poll_seconds * 2.0 ** min(failures - 1, 30)) * (0.75 + random_number / 2)


def beat(outbox: Outbox, clock: Clock, stop: threading.Event) -> None:
    """Repeat the heartbeats until `stop` is set.

    A simulated clock may pass thousands of minutes in a real one, or stand still at its end: a flood of heartbeats
    would tell the stream nothing, and it would never come to the end of the topic.
    """
    told = clock.now()
    while not (clock.wait(BEAT_SECONDS, stop) or stop.wait(BEAT_REAL_SECONDS)):
        now = clock.now()
        if now > told:
            outbox.repeat_heartbeats()
        told = now


def run(pollers: Iterable[Poller], outbox: Outbox, clock: Clock, stop: threading.Event) -> None:
    """Run all pollers and the heartbeats until `stop` is set or one of them fails, then close the outbox.

    Raises what made one fail (`ServiceError` for a broker or a clock that is gone).
    """
    failures: list[BaseException] = []

    def guarded(work: Callable[[threading.Event], None]) -> None:
        try:
            work(stop)
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
            if stop.is_set():  # at the end others end as well: a simulator's clock, a broker
                log.warning("ended by an error after the stop: %s", error)
            else:
                failures.append(error)
            stop.set()

    works = {poller.name: poller.run for poller in pollers}
    works["heartbeats"] = lambda stop: beat(outbox, clock, stop)
    # Daemons: one that waits for an answer of the net must not hold up the end.
    threads = [threading.Thread(target=guarded, args=(work,), name=name, daemon=True) for name, work in works.items()]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(JOIN_SECONDS / len(threads))
    outbox.close()
    if failures:
        raise failures[0]
