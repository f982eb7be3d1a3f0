"""The real producers' loops against the real simulator over HTTP, on a clock that waits in no time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from newswake.clock import ManualClock, to_ms
from newswake.settings import Mongo
from producers.coverage import Coverage, Ledger
from producers.simulator.http import Request, Response
from producers.simulator.server import Server, Simulator
from producers.simulator.timeline import Timeline
from producers.simulator.world import World
from producers.states import StateBoard

START = datetime(2025, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=1, hours=12, minutes=30, seconds=20)
FOREVER = 1_000_000
# Where a test waits for a time-out it is short, else long: on a busy machine a good answer takes its time as well.
SLOW, SHORT_TIMEOUT, LONG_TIMEOUT = ("timeout", "drip", "drip_headers"), 0.5, 10.0


def timeout_for(mode: str) -> float:
    return SHORT_TIMEOUT if mode in SLOW else LONG_TIMEOUT


class SteppedClock(ManualClock):
    """Sets `stop` when the time has come that the test asked for."""

    stop_at = NOW

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        super().wait(seconds, stop)
        if self.now() >= self.stop_at:
            stop.set()
        return stop.is_set()


class CountingSimulator(Simulator):
    """Keeps what was asked, faults and all."""

    def __init__(self, world: World, timeline: Timeline) -> None:
        super().__init__(world, timeline)
        self.asked: list[Request] = []

    def answer(self, request: Request) -> Response:
        if not request.path.startswith("/_"):
            self.asked.append(request)
        return super().answer(request)


class KeptRows(Ledger):
    """A ledger that keeps the rows as they are given."""

    def __init__(self) -> None:
        super().__init__(Mongo(), "test")
        self.rows: list[Coverage] = []

    def covered(self, coverage: Coverage) -> None:
        self.rows.append(coverage)


class Stand:
    """A served world, whose clock is the producers' as well."""

    def __init__(self, server: Server, simulator: CountingSimulator, world: World, clock: SteppedClock, home: Path):
        self.server, self.simulator, self.world, self.clock, self.home = server, simulator, world, clock, home
        self.ledger = KeptRows()
        self.board = StateBoard(home / "states", self.ledger)

    @property
    def url(self) -> str:
        return self.server.url

    def fault(self, path: str, mode: str, **more: object) -> None:
        body = {"path": path, "mode": mode, "count": FOREVER, **more}
        answer = requests.post(f"{self.url}/_faults", json=body, timeout=5)
        assert answer.ok, answer.text

    def cure(self) -> None:
        assert requests.delete(f"{self.url}/_faults", timeout=5).ok

    def state(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "states" / f"{name}.json").read_text())
        return found

    def begin(self, seconds: float) -> threading.Event:
        """An event that the clock sets after `seconds`."""
        self.clock.stop_at = self.clock.now() + timedelta(seconds=seconds)
        return threading.Event()


@contextmanager
def standing(world: World, home: Path) -> Iterator[Stand]:
    clock = SteppedClock(NOW)
    timeline = Timeline(
        to_ms(NOW), 1.0, world.end, ManualClock(datetime(2026, 1, 1, tzinfo=UTC)),
        lambda: (clock.now() - NOW).total_seconds(),
    )  # fmt: skip
    simulator = CountingSimulator(world, timeline)
    with Server(simulator, 0) as server:
        yield Stand(server, simulator, world, clock, home)


class Elsewhere:
    """Another host: keeps what is asked of it, headers included, and answers 404."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, dict(self.headers.items())))
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing: pytest's output is for the tests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
