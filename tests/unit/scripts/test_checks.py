"""A machine that lacks something hears which, and what sets it."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from newswake.errors import SetupError
from scripts import checks


def java(folder: Path, version: str) -> Path:
    binary = folder / "bin" / "java"
    binary.parent.mkdir(parents=True)
    binary.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    binary.chmod(0o755)
    return binary


@pytest.mark.parametrize("version", [(3, 10), (3, 13), (2, 7)])
def test_another_python_is_refused(version: tuple[int, int]) -> None:
    with pytest.raises(SetupError, match=r"3\.11 or 3\.12"):
        checks.check_python(version)


def test_java_home_wins_over_the_path(tmp_path: Path) -> None:
    wanted = java(tmp_path / "seventeen", "17.0.15")
    other = java(tmp_path / "eleven", "11.0.2")
    environ = {"JAVA_HOME": str(tmp_path / "seventeen"), "PATH": str(other.parent)}
    assert checks.java_command(environ) == str(wanted)


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.2", "25.0.1"])
def test_a_wrong_java_is_named_with_where_it_came_from(tmp_path: Path, version: str) -> None:
    java(tmp_path, version)
    with pytest.raises(SetupError, match="JAVA_HOME") as caught:
        checks.java_command({"JAVA_HOME": str(tmp_path)})
    assert "Java 17" in str(caught.value) and "\n" not in str(caught.value)


def test_a_java_home_without_java(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=f"JAVA_HOME is {tmp_path}"):
        checks.java_command({"JAVA_HOME": str(tmp_path)})


def test_no_java_at_all(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="install Java 17"):
        checks.java_command({"PATH": str(tmp_path)})


def test_a_taken_port_names_the_setting_and_the_holder() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(SetupError, match="NEWSWAKE_LOCAL__KAFKA_PORT") as caught:
            checks.check_port(port, "NEWSWAKE_LOCAL__KAFKA_PORT", "the local broker")
        assert str(port) in str(caught.value)
        if Path("/proc/net/tcp").is_file():
            assert f"pid {os.getpid()}" in str(caught.value)
    checks.check_port(port, "NEWSWAKE_LOCAL__KAFKA_PORT", "the local broker")


def test_a_full_disk_is_seen_before_anything_is_written(tmp_path: Path) -> None:
    absent = tmp_path / "not" / "there"
    with pytest.raises(SetupError, match="GB free, and the lake needs"):
        checks.check_disk(absent, shutil.disk_usage(tmp_path).total * 2, "the lake")
    checks.check_disk(absent, 1, "the lake")
    assert not absent.exists()
