"""supervisord's configuration, the launcher of each program, and supervisord itself with small programs."""

from __future__ import annotations

import configparser
import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import program, status
from scripts.places import ROOT
from scripts.supervision import LONGEST_SOCKET_PATH, Program, Supervisor, is_running, wait_until
from scripts.watch import Watch

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


def test_a_loop_shows_its_restarts_and_the_next_start() -> None:
    starts = [1000.0, 1001.0, 1003.0, 1007.0, 1015.0, 1031.0]  # the last one lies ahead
    assert str(program.loop_of(starts, now=1021.0)) == "restarted 4 times in 21 s, next start in 10 s"
    assert str(program.loop_of(starts, now=1035.0)) == "restarted 5 times in 35 s"
    assert program.loop_of(starts[:3], now=1004.0) is None, "one that ended twice is in no loop"
    assert program.loop_of(starts, now=1031.0 + program.FORGET_SECONDS + 1) is None


def test_a_launcher_that_cannot_note_its_start_waits_the_longest(tmp_path: Path) -> None:
    """On a full disk: without the note of a start there would be no pause at all, and thousands of starts."""
    (tmp_path / "run").write_text("no folder: nothing can be written into it")
    launcher = subprocess.Popen(
        [sys.executable, "-m", "scripts.program", "a", "--", sys.executable, "-c", "print('started')"],
        cwd=ROOT,
        env={**os.environ, "NEWSWAKE_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert launcher.stderr is not None
    try:
        said = launcher.stderr.readline() + launcher.stderr.readline()
        assert launcher.poll() is None
    finally:
        launcher.kill()
        launcher.communicate()
    assert "cannot be written to" in said
    assert f"starts again in {program.LONGEST_PAUSE_SECONDS:g} s" in said


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


def test_a_crash_loop_is_visible_as_such(supervisor: Supervisor) -> None:
    """A real supervisor and a real program that ends with a reason: what `make status` and `make run` say of it."""
    failing = [sys.executable, "-c", "import sys; print('newswake: the disk is full'); sys.exit(1)"]
    supervisor.start({"apps": [Program("streaming", failing, stop_seconds=1)]}, tethered=True, environ={})
    said: list[str] = []
    watch = Watch(supervisor.home, said.append, lambda name: None)

    def shown() -> str:
        (state,) = supervisor.states()
        watch.look([state], time.monotonic())
        return status.program(state, supervisor.home, time.time())

    loop = re.compile(
        r"keeps ending: restarted [2-9] times in .*, next start in [1-9] s, last reason: the disk is full$"
    )
    assert wait_until(lambda: loop.search(shown()), 30), shown()
    assert wait_until(lambda: shown() and any(line.startswith("streaming keeps ending: re") for line in said), 30), said
    starts = program.read_starts(supervisor.run_folder, "streaming")
    pauses = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert len(pauses) >= 3
    assert all(pause > 0.9 * 2**number for number, pause in enumerate(pauses)), pauses
