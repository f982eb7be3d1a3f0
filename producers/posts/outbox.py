"""The one way out for all sources: posts, then what is remembered of them, then the heartbeat that covers them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from newswake.clock import to_ms
from newswake.errors import ServiceError
from newswake.messages import Heartbeat
from producers.posts.observations import ObservationStore
from producers.posts.source import Poll
from producers.publisher import Keyed

CLOSE_SECONDS = 3.0


class Sender(Protocol):
    """What the outbox needs of a publisher."""

    def publish(self, topic: str, message: Keyed) -> None: ...

    def flush(self) -> None: ...


class Outbox:
    """Shared by the threads of all sources. Nothing of it stays in a queue when a method has returned."""

    def __init__(self, sender: Sender, topic: str, store: ObservationStore) -> None:
        self._sender = sender
        self._topic = topic
        self._store = store
        self._lock = threading.Lock()
        self._closed = False
        self._read_until: dict[str, datetime] = {}

    def deliver(self, source: str, poll: Poll, seen_at: datetime) -> int:
        """Publish what is new or changed in `poll`, and how far the source was read. Returns how many posts.

        Raises `ServiceError` when the broker does not take them; they are then published at the next start.
        """
        with self._open() as is_open:
            if not is_open:
                return 0
            changes = self._store.changes(source, poll.drafts, seen_at)
            for change in changes:
                self._sender.publish(self._topic, change.observation)
            # The heartbeat may lie in another partition: the posts have to be there before it is sent.
            self._sender.flush()
            self._store.remember(changes, seen_at)
            if poll.read_until is not None:
                self._read_until[source] = poll.read_until
                self._sender.publish(self._topic, _heartbeat(source, poll.read_until))
                self._sender.flush()
                self._store.note_read(source, poll.read_until)
            return len(changes)

    def repeat_heartbeats(self) -> None:
        """Say again how far each source was read, so that slow polls do not look like a producer that is gone."""
        with self._open() as is_open:
            if not is_open:
                return
            for source, read_until in self._read_until.items():
                self._sender.publish(self._topic, _heartbeat(source, read_until))
            self._sender.flush()

    def close(self) -> None:
        """Take nothing more. Raises `ServiceError` when a delivery that is under way does not end in time."""
        if not self._lock.acquire(timeout=CLOSE_SECONDS):
            raise ServiceError(
                "The broker did not take the last posts in time (setting kafka.bootstrap_servers); "
                "they are published at the next start"
            )
        try:
            self._closed = True
            self._store.close()
        finally:
            self._lock.release()

    @contextmanager
    def _open(self) -> Iterator[bool]:
        with self._lock:
            yield not self._closed


def _heartbeat(source: str, read_until: datetime) -> Heartbeat:
    return Heartbeat(heartbeat=to_ms(read_until), source=source)
