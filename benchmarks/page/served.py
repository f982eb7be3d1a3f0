"""The page's server as a process of its own, over filled tables."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pymongo import MongoClient

from benchmarks.speed.stand import Stand
from newswake.home import SIMULATED, mark_home
from scripts.places import ROOT
from scripts.supervision import wait_until
from streaming.mongo_setup import ensure
from tests.integration.dashboard.tables import Tables, write

START_SECONDS = 60.0


def fill(stand: Stand, coins: Sequence[str], tables: Tables) -> None:
    """Write the tables to the stand's database and lake, with the indexes of the application."""
    settings = stand.settings
    with MongoClient[dict[str, object]](settings.mongo.uri.get_secret_value(), tz_aware=True) as client:
        database = client[settings.mongo.database]
        ensure(database, coins)
        write(tables, database, settings)
    mark_home(settings.home, SIMULATED)


@contextmanager
def served(stand: Stand) -> Iterator[tuple[str, int]]:
    """The server's address and process id. Raises `RuntimeError` when it does not come up."""
    port = stand.settings.dashboard.port
    with running(stand, "dashboard", port) as process:
        yield f"http://127.0.0.1:{port}", process.pid


@contextmanager
def running(stand: Stand, name: str, port: int, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m NAME …`, from when it listens on `port`."""
    with (stand.home / f"{name}.log").open("wb") as log:
        command = [sys.executable, "-m", name, *arguments]
        process = subprocess.Popen(command, env=dict(stand.environ), cwd=ROOT, stdout=log, stderr=log)
    try:
        if not wait_until(lambda: _listens(port) or process.poll() is not None, START_SECONDS) or process.poll():
            raise RuntimeError(f"{name} did not start: {(stand.home / f'{name}.log').read_text()[-2_000:]}")
        yield process
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
