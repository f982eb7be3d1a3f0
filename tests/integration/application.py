"""The application as a process of its own, as it is really started: by spark-submit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from newswake.settings_sources import resolve
from scripts.submit import ancestors
from tests.conftest import ROOT, Fresh, free_ports
from tests.worlds.live import LATENESS_MINUTES

PLANTED = {
    "NEWSWAKE_CRYPTOPANIC__KEY": "planted-cryptopanic-key",
    "NEWSWAKE_KAFKA__SASL_PASSWORD": "planted-sasl-password",
}
Submit = Callable[..., "Application"]


class Application:
    """A started application and what it says."""

    def __init__(
        self, environ: Mapping[str, str], log: Path, program: str, arguments: list[str], master: str = "local[2]"
    ) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "scripts.submit", "--quick-start"),
                    *("--master", master, "--program", program),
                    "--",
                    *arguments,
                ],
                cwd=ROOT,
                env={**os.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def until(self, condition: Callable[[], bool], seconds: float = 300) -> None:
        """Wait for the condition; fails when the application ends before, or the time is over."""
        pause, deadline = threading.Event(), time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.said[-3000:]}"
            assert time.monotonic() < deadline, f"not within {seconds} s: {self.said[-3000:]}"
            pause.wait(0.2)

    def ends(self, seconds: float = 300) -> int:
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Kill the launcher, the JVM and the driver at once, as a machine that loses its power does."""
        running = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        everyone = [pid for pid in running if self._is_ours(pid)]
        for pid in everyone:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(30)

    def _is_ours(self, pid: int) -> bool:
        return pid == self.process.pid or self.process.pid in ancestors(pid)


def submitter(fresh: Fresh, folder: Path, started: list[Application]) -> Submit:
    """A function that starts the application on the names of a test, and keeps it in `started`."""

    def start(*arguments: str, program: str = "app", master: str = "local[2]", **changed: str) -> Application:
        environ = {
            **fresh.environ,
            **PLANTED,
            "NEWSWAKE_LOCAL__SPARK_UI_PORT": str(free_ports(1)[0]),
            "NEWSWAKE_MONITOR__PORT": str(free_ports(1)[0]),
            "NEWSWAKE_LOCAL__DRIVER_MEMORY": "1g",
            "NEWSWAKE_STREAMING__LATENESS_MINUTES": str(LATENESS_MINUTES),
            "NEWSWAKE_STREAMING__TRIGGER_SECONDS": "0.2",
            **changed,
        }
        resolve(environ=environ)
        log = folder / f"{len(started)}.log"
        started.append(Application(environ, log, program, list(arguments), master))
        return started[-1]

    return start


def password_of(fresh: Fresh) -> str:
    credentials = fresh.settings.mongo.uri.get_secret_value().partition("://")[2].partition("@")[0]
    return credentials.partition(":")[2]


def assert_nothing_secret(said: str, fresh: Fresh) -> None:
    """Neither in what it says nor in any file of its home."""
    for secret in (*PLANTED.values(), password_of(fresh)):
        assert secret
        assert secret not in said
        for file in fresh.home.rglob("*"):
            assert not file.is_file() or secret.encode() not in file.read_bytes(), file
