"""The launcher of the streaming job, with a small program in the place of spark-submit.

That one behaves as spark-submit's JVM does: it is the parent of the driver, and a signal to it is a disaster.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import submit
from scripts.checks import java_command
from scripts.places import ROOT
from scripts.submit import HISTORY, QUICK_START, java_options
from scripts.supervision import is_running, wait_until

JVM = """
    import pathlib, signal, subprocess, sys
    folder = pathlib.Path(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: (folder / "jvm-was-signalled").touch())
    signal.signal(signal.SIGINT, lambda *_: (folder / "jvm-was-signalled").touch())
    sys.exit(subprocess.run([sys.executable, folder / "driver.py", folder, *sys.argv[2:]]).returncode)
"""
DRIVER = """
    import os, pathlib, signal, sys, threading
    folder = pathlib.Path(sys.argv[1])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: "deaf" in sys.argv or stop.set())
    (folder / "streaming.pid").write_text(str(os.getpid()))
    if "refuse" in sys.argv:
        sys.exit(2)
    stop.wait()
    (folder / "finished").touch()
"""
LAUNCHER = """
    import os, pathlib, sys
    from scripts import submit
    submit.PATIENCE_SECONDS = 1.0
    folder = pathlib.Path(sys.argv[1])
    line = [sys.executable, str(folder / "jvm.py"), *sys.argv[1:]]
    sys.exit(submit.run(line, os.environ, folder / "streaming.pid"))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"jvm.py": JVM, "driver.py": DRIVER, "launcher.py": LAUNCHER}.items():
        (tmp_path / name).write_text(textwrap.dedent(text))
    return tmp_path


class Launched:
    """A launcher that runs, and the pid of its driver."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.pid_file = folder / "streaming.pid"
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, folder / "launcher.py", folder, *arguments],
            env=environ,
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
        )

    def driver(self) -> int:
        assert wait_until(lambda: self.pid_file.is_file() and self.pid_file.read_text(), 20)
        return int(self.pid_file.read_text())


@pytest.fixture
def launched(folder: Path) -> Iterator[Launched]:
    launched = Launched(folder)
    yield launched
    launched.process.kill()
    launched.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_only_the_driver_is_told_to_stop(launched: Launched, folder: Path, number: signal.Signals) -> None:
    driver = launched.driver()
    launched.process.send_signal(number)
    assert launched.process.wait(20) == 0
    assert (folder / "finished").exists() and not (folder / "jvm-was-signalled").exists()
    assert not is_running(driver)


def test_the_applications_code_is_passed_on(folder: Path) -> None:
    refusing = Launched(folder, "refuse")
    refusing.process.communicate(timeout=20)
    assert refusing.process.returncode == 2


def test_a_driver_that_does_not_end_is_killed_and_that_is_said(folder: Path) -> None:
    deaf = Launched(folder, "deaf")
    driver = deaf.driver()
    deaf.process.terminate()
    _, said = deaf.process.communicate(timeout=20)
    assert deaf.process.returncode != 0 and "did not end within 1 s" in said
    assert wait_until(lambda: not is_running(driver), 5)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's help is Linux's")
def test_spark_does_not_outlive_a_killed_launcher(launched: Launched) -> None:
    from scripts.submit import parent_of

    driver = launched.driver()
    jvm = parent_of(driver)
    assert jvm is not None
    launched.process.kill()
    assert wait_until(lambda: not is_running(jvm), 5)
    os.kill(driver, signal.SIGKILL)  # Spark's own driver ends when it loses its JVM; this one has none to lose


def test_what_dead_launchers_left_is_deleted_and_the_living_keep_theirs(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    alive = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
    try:
        for name in (str(ended.pid), str(alive.pid), "blockmgr-of-an-older-version"):
            (submit.scratch(tmp_path) / name / "blocks").mkdir(parents=True)
        submit.clear_scratch(tmp_path)
        left = {folder.name for folder in submit.scratch(tmp_path).iterdir()}
        assert left == {str(alive.pid), str(os.getpid())}
        assert (submit.scratch(tmp_path) / str(alive.pid) / "blocks").is_dir()
    finally:
        alive.kill()
        alive.wait()


def test_the_quick_compiler_has_room_for_its_code() -> None:
    """Without it the JVM gives 48 MB, which this application fills in a minute: then nothing more is compiled."""
    flags = subprocess.run(
        [java_command(), *QUICK_START.split(), "-XX:+PrintFlagsFinal", "-version"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    (size,) = re.findall(r"ReservedCodeCacheSize\s+=\s+(\d+)", flags)
    assert int(size) >= 200 * 2**20


@pytest.mark.parametrize("wanted", [QUICK_START, HISTORY])
def test_a_jvm_starts_with_our_collector_or_with_the_users(wanted: str) -> None:
    def used(environ: dict[str, str]) -> list[str]:
        options = [word for word in java_options(wanted, environ).split() if word.startswith("-XX:")]
        line = [java_command(), *options, "-XX:+PrintFlagsFinal", "-version"]
        environ = {**os.environ, **environ}
        flags = subprocess.run(
            line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True, env=environ, cwd=ROOT
        ).stdout
        return re.findall(r"(Use(?:Serial|Parallel|G1|Z|Shenandoah)GC)\s+=\s+true", flags)

    (ours,) = used({})
    assert f"-XX:+{ours}" in wanted
    assert used({"JDK_JAVA_OPTIONS": "-XX:+UseG1GC"}) == ["UseG1GC"]
    assert used({"JAVA_TOOL_OPTIONS": "-XX:+UseZGC"}) == ["UseZGC"]
    assert used({"_JAVA_OPTIONS": "-XX:+UseG1GC"}) == ["UseG1GC"]
    for variable, options in (("SPARK_SUBMIT_OPTS", "-Da=b -XX:+UseG1GC"), ("JDK_JAVA_OPTIONS", "@/my/options")):
        assert "GC" not in java_options(wanted, {variable: options})
