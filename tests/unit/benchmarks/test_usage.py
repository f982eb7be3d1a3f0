"""What the benchmarks say of the time and memory that a program takes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmarks.speed.usage import run, sample, tree

HELD = 200_000_000
# Holds memory, forks, says so, and waits until its input ends; so does its copy.
FORKS = f"""
import os, sys
held = bytearray(os.urandom(1_000_000) * {HELD // 1_000_000})
if not os.fork():
    os.write(1, b"!")
os.read(0, 1)
"""
ALONE = FORKS.replace("if not os.fork():", "if True:")


def resident(program: str) -> tuple[int, int]:
    """Processes, and their resident bytes, while the program and all that it started wait."""
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.read(1) == b"!"
        found = sample(tree(process.pid))
        process.stdin.close()
    return len(found), sum(one.resident_bytes for one in found.values())


def test_a_copy_of_a_process_has_no_memory_of_its_own() -> None:
    processes, once = resident(ALONE)
    assert processes == 1
    assert once > HELD
    processes, forked = resident(FORKS)
    assert processes == 2
    assert abs(forked - once) < HELD / 10


def test_what_another_program_holds_is_added() -> None:
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ALONE!r}], check=True)"
    processes, both = resident(inner)
    assert processes == 2
    assert both > resident(ALONE)[1]


def test_a_process_that_has_ended_is_left_out() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert sample([ended.pid]) == {}


def test_a_program_is_measured_with_its_children() -> None:
    work = "held = bytearray(50_000_000); sum(range(3 * 10**7)); print('done')"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}], check=True)"
    usage, said = run([sys.executable, "-c", program], {}, timeout_seconds=300)
    assert said.strip() == "done"
    assert usage.seconds > 0
    assert usage.cpu_seconds > 0
    assert usage.peak_bytes > 50_000_000


def test_a_program_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(RuntimeError, match="out of luck"):
        run([sys.executable, "-c", "raise SystemExit('out of luck')"], {}, timeout_seconds=300)


def test_a_sample_sees_this_process() -> None:
    assert os.getpid() in tree(os.getpid())
    assert sample([os.getpid()])[os.getpid()].resident_bytes > 1_000_000
