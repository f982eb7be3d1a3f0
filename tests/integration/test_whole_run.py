"""`make run` as a whole, on a simulated market: only this machine reaches it, it stops well, and leaves a history."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from newswake.home import SIMULATED, read_mark
from scripts.supervision import wait_until
from tests.conftest import ROOT, free_ports
from tests.integration.listeners import listeners

pytestmark = pytest.mark.integration

PORTS = (
    "LOCAL__KAFKA_PORT",
    "LOCAL__KAFKA_CONTROLLER_PORT",
    "LOCAL__MONGO_PORT",
    "LOCAL__SPARK_UI_PORT",
    "MONITOR__PORT",
    "SIMULATOR__PORT",
    "DASHBOARD__PORT",
)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_run_is_reached_from_this_machine_only_and_stops_under_a_backlog(tmp_path: Path) -> None:
    ports = free_ports(len(PORTS))
    environ = {
        **{f"NEWSWAKE_{name}": str(port) for name, port in zip(PORTS, ports, strict=True)},
        "NEWSWAKE_HOME": str(tmp_path / "home"),
        "NEWSWAKE_LOCAL__REPORT_SECONDS": "1",
        "NEWSWAKE_LOCAL__DRIVER_MEMORY": "1g",
        # Two days of history in portions of a few minutes, one right after the other: a backlog for a long time.
        "NEWSWAKE_STREAMING__TRIGGER_SECONDS": "0.2",
        "NEWSWAKE_STREAMING__MAX_OFFSETS_PER_TRIGGER": "5",
    }
    log = tmp_path / "log"
    with log.open("wb") as output:
        run = subprocess.Popen(
            [sys.executable, "-m", "scripts.run", "--source", "simulated", "--speed", "60"],
            cwd=ROOT,
            env={**os.environ, **environ},
            stdout=output,
            stderr=output,
        )
    try:
        assert wait_until(lambda: re.search(r"candles [1-9]", log.read_text()), 180), log.read_text()
        # The page may come up behind the first candles.
        everything_listens = wait_until(lambda: {one.port for one in listeners(run.pid)} >= set(ports), 60)
        found = listeners(run.pid)
        absent = [name for name, port in zip(PORTS, ports, strict=True) if port not in {one.port for one in found}]
        assert everything_listens, (absent, sorted(found), log.read_text())
        assert {listener.host for listener in found} <= {"127.0.0.1", "::1"}, sorted(found)

        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 0, log.read_text()
        assert time.monotonic() - began < 15
        assert read_mark(tmp_path / "home") == SIMULATED
        streaming = (tmp_path / "home" / "logs" / "streaming.log").read_text()
        assert "did not end within" not in streaming, streaming[-3000:]
    finally:
        if run.poll() is None:
            run.kill()
            run.wait()
    assert_it_has_a_history(environ)


def assert_it_has_a_history(environ: Mapping[str, str]) -> None:
    """`make history` shows the application that has ended, with jobs that a person understands."""
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}/api/v1/applications"
    server = subprocess.Popen(
        [sys.executable, "-m", "scripts.history"],
        cwd=ROOT,
        env={**os.environ, **environ, "NEWSWAKE_LOCAL__HISTORY_PORT": str(port)},
        stdout=subprocess.DEVNULL,
    )

    def shown() -> bool:
        try:
            (application,) = requests.get(address, timeout=60).json() or [None]
            jobs = requests.get(f"{address}/{application['id']}/jobs", timeout=60).json() if application else []
        except (requests.ConnectionError, requests.JSONDecodeError):  # not up yet; its pages come before its API
            return False
        return any(re.match(r"candles, batch \d+: ", job.get("description", "")) for job in jobs)

    try:
        assert wait_until(lambda: shown() or server.poll() is not None, 180)
        assert server.poll() is None
    finally:
        server.kill()
        server.wait()
