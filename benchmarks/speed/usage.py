"""What a process and its children use, read from /proc while they run."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Usage:
    """Wall and CPU seconds (all cores together) from start to end, and the largest resident size of the tree."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


class EngineFailed(RuntimeError):
    """A program that was measured did not end well, or not in time."""


@dataclass(frozen=True)
class Sample:
    cpu_seconds: float
    resident_bytes: int


def tree(root: int) -> list[int]:
    """The process and all that descends from it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def sample(pids: Sequence[int]) -> dict[int, Sample]:
    """Per process that still runs: CPU seconds so far, resident bytes.

    One that was just made, and runs no program of its own yet, still has the memory of its parent (fork(2), vfork(2)):
    it has none of its own. A JVM starts `chmod` that way, which would now and then count it twice. Known by its size,
    to the byte: a worker that is forked, and starts no program, counts nothing until it grows.
    """
    stats = {pid: fields for pid in pids if (fields := _stat(pid))}
    found = {}
    for pid, fields in stats.items():
        parent = stats.get(int(fields[1]))
        is_a_copy = parent is not None and parent[20] == fields[20]  # of the same size, to the byte
        resident = 0 if is_a_copy else int(fields[21]) * PAGE_BYTES
        found[pid] = Sample((int(fields[11]) + int(fields[12])) / TICKS, resident)
    return found


def run(command: Sequence[str], environ: Mapping[str, str], timeout_seconds: float) -> tuple[Usage, str]:
    """Run a program to its end; returns what it used and its standard output.

    Raises `EngineFailed` with the end of what it said when it fails or does not end in time.
    """
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        began = time.monotonic()
        process = subprocess.Popen(command, env=dict(environ), stdout=said, stderr=complained, start_new_session=True)
        ended = threading.Event()
        cpu: dict[int, float] = {}
        peak = 0

        def look() -> None:
            nonlocal peak
            while not ended.wait(LOOK_SECONDS):
                now = sample(tree(process.pid))
                cpu.update({pid: one.cpu_seconds for pid, one in now.items()})
                peak = max(peak, sum(one.resident_bytes for one in now.values()))

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            code: int | None = process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            code = None
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            ended.set()
            watcher.join()
        seconds = time.monotonic() - began
        if code is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if code != 0:
            complained.seek(0)
            end = complained.read()[-3_000:]
            what = f"did not end within {timeout_seconds:g} s" if code is None else f"ended with {code}"
            raise EngineFailed(f"{' '.join(command[:4])} … {what}: {end}")
        said.seek(0)
        return Usage(seconds, sum(cpu.values()), peak), said.read()


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat behind the name, the state first."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
