"""A producer as a process of its own, and waiting for what it does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import requests

from tests.conftest import ROOT, free_ports


@contextmanager
def program(*arguments: str, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`python -m producers …`; killed at the end of the block when it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "producers", *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 60.0) -> None:
    """Wait for the condition; fails when the process ends before, or the time is over."""
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, f"the producer ended: {process.stderr.read() if process.stderr else ''}"
        assert time.monotonic() < deadline, "it took too long"
        pause.wait(0.2)


@contextmanager
def simulator(*arguments: str, environ: Mapping[str, str]) -> Iterator[str]:
    """`python -m producers simulate …` on a free port, from its first answer to the end of the block; its address."""
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    with program("simulate", *arguments, "--port", str(port), environ=environ) as process:

        def answers() -> bool:
            try:
                return requests.get(f"{address}/clock", timeout=2).ok
            except requests.ConnectionError:
                return False

        wait_until(answers, process)
        yield address
