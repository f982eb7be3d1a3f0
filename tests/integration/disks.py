"""A small file system of its own, and a way to fill it up to what a test leaves free."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BALLAST = "ballast"


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of that size at `folder`; the test is skipped where none can be mounted."""
    folder.mkdir(parents=True)
    if not sys.platform.startswith("linux"):
        pytest.skip("small file systems are mounted as Linux does it")
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "newswake-test", str(folder)]
    mounted = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(
            f"a small file system cannot be mounted ({mounted.stderr.strip()}): run as root, or under "
            "`unshare --user --map-root-user --mount`"
        )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, leave: int) -> None:
    """Take what is free on a disk but `leave` bytes."""
    with (disk / BALLAST).open("ab") as file:
        os.posix_fallocate(file.fileno(), file.tell(), max(1, shutil.disk_usage(disk).free - leave))


def make_space(disk: Path) -> None:
    (disk / BALLAST).unlink()
