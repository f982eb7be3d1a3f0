"""A small news server on 127.0.0.1 that misbehaves on request, a sender that keeps what it is given."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from newswake.clock import ManualClock
from newswake.settings import Settings
from producers.posts.observations import ObservationStore
from producers.posts.outbox import Outbox
from producers.publisher import Keyed

START = datetime(2025, 1, 10, 12, tzinfo=UTC)
KEY = "s3cret/k+y-0123456789"


@dataclass
class Answer:
    """What the server sends. `declared` is a Content-Length that may lie; `drip_seconds` goes between bytes."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    declared: int | None = None
    wait_seconds: float = 0.0
    drip_seconds: float = 0.0


@dataclass
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class NewsServer:
    """Serves `answer(asked)`; keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Answer] = lambda asked: Answer(404)
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                asked = Asked(parts.path, query, {name.lower(): value for name, value in self.headers.items()})
                outer.asked.append(asked)
                answer = outer.answer(asked)
                outer.closing.wait(answer.wait_seconds)
                try:
                    self.send_response(answer.status)
                    length = len(answer.body) if answer.declared is None else answer.declared
                    for name, value in {"Content-Length": str(length), **answer.headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    if answer.drip_seconds:
                        for byte in answer.body:
                            self.wfile.write(bytes([byte]))
                            if outer.closing.wait(answer.drip_seconds):
                                return
                    else:
                        self.wfile.write(answer.body)
                except OSError:
                    self.close_connection = True  # the asker lost patience

            def log_message(self, *arguments: object) -> None:
                """Nothing: pytest's output is for the tests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[NewsServer]:
    server = NewsServer()
    yield server
    server.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


class KeptMessages:
    """A sender that keeps messages in order, with a mark where each flush came. `refuse` fails the next flush."""

    def __init__(self) -> None:
        self.events: list[dict | str] = []
        self.refuse: Exception | None = None

    def publish(self, topic: str, message: Keyed) -> None:
        self.events.append(json.loads(message.to_json()))

    def flush(self) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.events.append("flush")

    @property
    def posts(self) -> list[dict]:
        return [event for event in self.events if isinstance(event, dict) and "heartbeat" not in event]

    @property
    def heartbeats(self) -> list[dict]:
        return [event for event in self.events if isinstance(event, dict) and "heartbeat" in event]


@pytest.fixture
def sender() -> KeptMessages:
    return KeptMessages()


@pytest.fixture
def make_store(tmp_path: Path) -> Iterator[Callable[[], ObservationStore]]:
    """Opens the same store again and again, as restarts do."""
    from datetime import timedelta

    opened: list[ObservationStore] = []

    def make() -> ObservationStore:
        opened.append(ObservationStore(tmp_path / "posts" / "published.sqlite", timedelta(days=60)))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def outbox(sender: KeptMessages, make_store: Callable[[], ObservationStore]) -> Outbox:
    return Outbox(sender, "CryptoPanic", make_store())


@pytest.fixture
def settings(tmp_path: Path, server: NewsServer) -> Settings:
    """Settings that ask the local server, with a key."""
    return Settings.model_validate(
        {
            "home": tmp_path / "home",
            "posts": {"timeout_seconds": 0.5, "lookback_hours": 26, "max_body_bytes": 200_000},
            "cryptopanic": {
                "key": KEY,
                "base_url": f"{server.url}/api",
                "plan": "growth",
                "monthly_quota": 1_000_000,
                "delay_hours": 0,
            },
            "rss": {"feeds": [f"{server.url}/rss"]},
        }
    )


@pytest.fixture
def dead_port() -> int:
    """A port of 127.0.0.1 where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def elapsed(since: float) -> float:
    return time.monotonic() - since
