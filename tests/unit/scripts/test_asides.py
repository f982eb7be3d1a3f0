"""What the start of a run asks in a process of its own: the answer, a refusal, and a process that fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from newswake.errors import RecordingError, SetupError
from newswake.settings import Candles
from scripts import asides
from scripts.places import ROOT


def test_a_refusal_comes_as_it_was_raised(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=str(tmp_path)):
        asides.recorded_coins(tmp_path, Candles())


def test_a_process_that_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SetupError, match=r"\(probe\) ended with code 1"):
        asides.probe(Candles())


def test_ctrl_c_leaves_no_trace() -> None:
    waits = "asides.main = lambda asked: (print('here', flush=True), sys.stdin.read())"
    line = [sys.executable, "-c", f"import sys; from scripts import asides; {waits}; asides.run([])"]
    child = subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"here\n"
    os.kill(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=30)
    assert (child.returncode, said) == (130, b"")
