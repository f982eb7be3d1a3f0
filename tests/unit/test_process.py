"""Signals end the work in time."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

from producers.process import run_until_signal

PROGRAM = """
import sys, threading
from producers.process import run_until_signal

def work(stop):
    print("running", flush=True)
    {wait}
    print("done", flush=True)

print("ended" if run_until_signal(work, grace_seconds=0.3) else "left", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("wait", "said"), [("stop.wait(60)", "done\nended\n"), ("threading.Event().wait(60)", "left\n")]
)
def test_a_signal_ends_it(number: signal.Signals, wait: str, said: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM.format(wait=wait)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    began = time.monotonic()
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    assert (out, process.returncode) == (said, 0)
    assert time.monotonic() - began < 5


def test_what_the_work_raises_is_raised() -> None:
    def work(stop: threading.Event) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run_until_signal(work)


def test_work_that_ends_by_itself() -> None:
    assert run_until_signal(lambda stop: None)
