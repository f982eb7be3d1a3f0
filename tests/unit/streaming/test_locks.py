"""A lock between processes and threads that a dead holder does not keep."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from streaming.locks import held
from tests.conftest import ROOT

HOLDER = """
import sys, threading
from pathlib import Path
from streaming.locks import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    threading.Event().wait()
"""


def taker(path: Path) -> tuple[threading.Thread, threading.Event]:
    """A thread that takes the lock, and the event that tells when it has."""
    taken = threading.Event()

    def take() -> None:
        with held(path):
            taken.set()

    return threading.Thread(target=take), taken


def test_another_process_holds_it_until_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "run" / "the.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        thread, taken = taker(path)
        thread.start()
        assert not taken.wait(0.5), "two hold it at once"
        assert path.read_text() == str(holder.pid)
    finally:
        holder.kill()
        holder.communicate()
    assert taken.wait(10), "the dead keep it"
    thread.join()


def test_threads_of_one_process_keep_each_other_out(tmp_path: Path) -> None:
    path = tmp_path / "the.lock"
    thread, taken = taker(path)
    with held(path):
        thread.start()
        assert not taken.wait(0.3)
    assert taken.wait(10)
    thread.join()
