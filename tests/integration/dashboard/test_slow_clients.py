"""A browser that stops reading, over real sockets: the others are told everything, and what waits for it is bounded."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from websockets.sync.client import ClientConnection, connect

from dashboard.context import Context
from dashboard.live.outbox import MOST_WAITING
from newswake.settings import Settings
from scripts.supervision import wait_until
from tests.integration.dashboard.conftest import listening_server
from tests.integration.dashboard.tables import NOW

pytestmark = pytest.mark.integration

AT_ONCE = 50  # fewer than the hub takes for history
TITLE = "a long title " * 200
WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class Stand:
    """A server with two clients that have the topic `posts`; one of them reads."""

    context: Context
    posts: Collection[dict[str, Any]]
    reading: ClientConnection

    def write(self, turn: int) -> None:
        """Some new posts; the client that reads gets each of them."""
        ids = {f"rss:{turn}-{number}" for number in range(AT_ONCE)}
        self.posts.insert_many([_post(id) for id in sorted(ids)])
        while ids:
            message = json.loads(self.reading.recv(WAIT_SECONDS))
            assert message["type"] not in ("resync", "error"), message
            if message["type"] == "post":
                ids.discard(message["post"]["id"])

    @property
    def waiting(self) -> int:
        return max(len(outbox) for outbox in self.context.hub._outboxes)


@contextmanager
def stalled(settings: Settings) -> Iterator[Stand]:
    with (
        MongoClient[dict[str, Any]](settings.mongo.uri.get_secret_value()) as client,
        listening_server(settings) as (address, context),
        connect(f"ws{address[4:]}/api/live") as reading,
        connect(
            f"ws{address[4:]}/api/live",
            sock=_with_little_room(address),
            compression=None,
            max_queue=1,
            close_timeout=0.1,
        ) as asleep,
    ):
        for one in (reading, asleep):
            one.send(json.dumps({"op": "subscribe", "topics": ["posts"]}))
        assert wait_until(lambda: all(outbox.topics for outbox in context.hub._outboxes), WAIT_SECONDS)
        posts = client[settings.mongo.database]["posts"]
        assert wait_until(lambda: _is_told(posts, reading), WAIT_SECONDS)
        yield Stand(context, posts, reading)


def _is_told(posts: Collection[dict[str, Any]], reading: ClientConnection) -> bool:
    """Whether a change has come through: only then is the change stream known to be open."""
    posts.insert_one(_post(f"rss:{uuid.uuid4()}"))
    try:
        return bool(json.loads(reading.recv(0.2))["type"] == "post")
    except TimeoutError:
        return False


def _with_little_room(address: str) -> socket.socket:
    """A connection whose receiver keeps a few thousand bytes for who does not ask for them."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    host, _, port = address.removeprefix("http://").partition(":")
    one.connect((host, int(port)))
    return one


def _post(id: str) -> dict[str, Any]:
    source, _, post_id = id.partition(":")
    return {
        "_id": id, "post_id": post_id, "source": source, "kind": "news", "title": TITLE, "url": None, "domain": None,
        "published_at": NOW, "created_at": None, "seen_at": NOW, "first_seen_at": NOW, "hot": None, "hot_at": None,
        "currencies": [], "votes": None, "panic_score": None,
    }  # fmt: skip


def test_what_waits_for_who_does_not_read_is_bounded(empty: Settings) -> None:
    with stalled(empty) as stand:
        most, turns = 0, 0
        while turns < 30 and not (most and stand.waiting < most):
            most = max(most, stand.waiting)
            stand.write(turns)
            turns += 1
        assert AT_ONCE < most <= MOST_WAITING
        assert stand.waiting <= AT_ONCE, "what waited has gone, but for the word to ask again"
        assert stand.context.hub.clients == 2


def test_who_takes_nothing_in_time_is_dropped(empty: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.routes.live.SEND_SECONDS", 0.5)
    with stalled(empty) as stand:
        turns = 0
        while turns < 30 and stand.context.hub.clients == 2:
            stand.write(turns)
            turns += 1
        assert wait_until(lambda: stand.context.hub.clients == 1, WAIT_SECONDS)
        stand.write(turns)
