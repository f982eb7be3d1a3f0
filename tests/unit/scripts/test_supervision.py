"""supervisord's configuration, the launcher of each program, and supervisord itself with small programs."""

from __future__ import annotations

import configparser
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import program
from scripts.supervision import LONGEST_SOCKET_PATH, Program, Supervisor, is_running, wait_until

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_paths_with_odd_characters_survive_the_configuration(tmp_path: Path) -> None:
    home = tmp_path / "100% of it's"
    text = Supervisor(home, "run").config({"apps": [Program("a", ["x y", "50%"], stop_seconds=3)]})
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    section = parser["program:a"]
    assert shlex.split(section["command"].replace("%%", "%"))[-3:] == ["--", "x y", "50%"]
    assert section["stdout_logfile"].replace("%%", "%") == str(home / "logs" / "a.log")
    assert parser["group:apps"]["programs"] == "a"


def test_a_program_that_refused_is_left_to_us_and_logs_are_bounded(tmp_path: Path) -> None:
    text = Supervisor(tmp_path, "run").config({"apps": [Program("a", ["x"], stop_seconds=3)]})
    for line in ("exitcodes=2", "autorestart=unexpected", "stdout_logfile_maxbytes=10MB", "stopwaitsecs=3"):
        assert line in text.splitlines()


def test_a_long_home_still_has_a_socket(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 40)
    assert len(str(Supervisor(home, "run").socket)) <= LONGEST_SOCKET_PATH
    assert Supervisor(home, "run").socket != Supervisor(home / "b", "run").socket
    assert Supervisor(tmp_path, "run").socket.parent == tmp_path / "run"


def test_pauses_grow_and_are_forgotten() -> None:
    starts = [0.0, 1.0, 3.0, 7.0]
    assert program.recent_starts(starts, now=8.0) == starts
    assert program.recent_starts(starts, now=8.0 + program.FORGET_SECONDS) == []
    assert program.pause_seconds(len(starts)) == 8.0


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path, "run")
    yield supervisor
    supervisor.shut_down()


def pids(supervisor: Supervisor) -> list[int]:
    return [state.pid for state in supervisor.states() if state.pid]


def test_programs_end_with_their_supervisor(supervisor: Supervisor) -> None:
    supervisor.start({"apps": [Program("a", SLEEP, stop_seconds=3)]}, tethered=True, environ={})
    assert wait_until(lambda: pids(supervisor), 10)
    (child,) = pids(supervisor)
    pid = supervisor.pid()
    supervisor.shut_down()
    assert not is_running(pid) and not is_running(child)
    assert not supervisor.alive() and not supervisor.socket.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's help is Linux's")
def test_a_killed_supervisor_leaves_no_program(supervisor: Supervisor) -> None:
    supervisor.start({"apps": [Program("a", SLEEP, stop_seconds=3)]}, tethered=True, environ={})
    starts = supervisor.run_folder / "a.starts"
    assert wait_until(starts.is_file, 10)
    (child,) = pids(supervisor)
    pid = supervisor.pid()
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not is_running(pid) and not is_running(child), 10)
    # Its stale socket and pid file are in nobody's way.
    supervisor.start({"apps": [Program("a", SLEEP, stop_seconds=3)]}, tethered=True, environ={})
    assert supervisor.alive()


def test_a_refusal_stays_visible_and_a_crash_is_started_again(supervisor: Supervisor) -> None:
    refusing = Program("refusing", [sys.executable, "-c", "import sys; sys.exit(2)"], stop_seconds=1)
    crashing = Program("crashing", [sys.executable, "-c", "import sys; sys.exit(1)"], stop_seconds=1)
    supervisor.start({"apps": [refusing, crashing]}, tethered=True, environ={})

    def states() -> dict[str, tuple[str, int]]:
        return {state.name: (state.state, state.exit_code) for state in supervisor.states()}

    assert wait_until(lambda: states()["refusing"] == ("EXITED", 2), 10)
    assert wait_until(lambda: len(program.read_starts(supervisor.run_folder, "crashing")) >= 2, 15)
    assert len(program.read_starts(supervisor.run_folder, "refusing")) == 1
