"""The last line of the application is read before its JVM is halted."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from streaming.leaving import wait_until_read


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_it_waits_for_the_reader(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.write(writing, b"newswake: the reason\n")
    waiting = threading.Thread(target=wait_until_read, args=((writing,), 60.0))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    os.read(reading, 1_000)
    waiting.join(30)
    assert not waiting.is_alive()


def test_it_does_not_wait_for_ever_nor_for_a_file(pipe: tuple[int, int], tmp_path: Path) -> None:
    os.write(pipe[1], b"nobody reads this")
    wait_until_read((pipe[1],), 0.0)
    with (tmp_path / "log").open("w") as file:
        file.write("in a file nothing is lost")
        file.flush()
        wait_until_read((file.fileno(), pipe[1]), 0.0)
