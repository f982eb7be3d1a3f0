"""The page as a supervisor runs it: it answers, ends in time though a client is connected, says what is wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from newswake.settings import Settings
from scripts.supervision import wait_until
from tests.conftest import ROOT, free_ports

pytestmark = pytest.mark.integration

STOP_SECONDS = 8.0  # what `make run` gives it


@contextmanager
def program(settings: Settings, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environ = {
        **os.environ,
        "NEWSWAKE_HOME": str(settings.home),
        "NEWSWAKE_MONGO__URI": settings.mongo.uri.get_secret_value(),
        "NEWSWAKE_MONGO__DATABASE": settings.mongo.database,
        "NEWSWAKE_DASHBOARD__PORT": str(port),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard"], cwd=ROOT, env=environ, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def answers(address: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{address}/api/health").status_code == 200
    return False


def test_it_answers_and_ends_in_time_with_a_client_connected(empty: Settings, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    with program(empty, port, tmp_path / "log") as process:
        assert wait_until(lambda: answers(address), 120.0, step_seconds=0.2), (tmp_path / "log").read_text()
        with pytest.raises(InvalidStatus), connect(f"ws://127.0.0.1:{port}/api/live", origin="http://evil.example"):  # type: ignore[arg-type]
            pass
        with connect(f"ws://127.0.0.1:{port}/api/live", origin=address) as client:  # type: ignore[arg-type]
            assert json.loads(client.recv())["type"] == "hello"
            client.send(json.dumps({"op": "subscribe", "topics": ["health"]}))
            assert json.loads(client.recv())["topics"] == ["health"]
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, (tmp_path / "log").read_text()
            assert time.monotonic() - began < STOP_SECONDS


def test_a_port_that_is_taken_is_named(empty: Settings, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with program(empty, taken.getsockname()[1], tmp_path / "log") as process:
            assert process.wait(120) == 2
        assert "NEWSWAKE_DASHBOARD__PORT" in (tmp_path / "log").read_text()
