"""Start one supervised program: `python -m scripts.program NAME -- command…`.

Becomes the command after two things: it is tethered to its supervisor, so that none survives it, and when it starts
again soon after it last did, it waits first, longer each time. Its starts stand in NEWSWAKE_HOME/run/NAME.starts,
where `make status` sees a program that keeps dying.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from newswake.tether import die_with_parent

FORGET_SECONDS = 300.0  # a program that ran this long starts again without a pause
LONGEST_PAUSE_SECONDS = 60.0


def recent_starts(starts: list[float], now: float) -> list[float]:
    """The starts at the end of the list that follow each other, and `now`, by less than `FORGET_SECONDS`.

    >>> recent_starts([0.0, 1000.0, 1010.0], now=1020.0)
    [1000.0, 1010.0]
    """
    recent: list[float] = []
    upper = now
    for start in sorted(starts, reverse=True):
        if upper - start > FORGET_SECONDS:
            break
        recent.insert(0, start)
        upper = start
    return recent


def pause_seconds(recent: int) -> float:
    """How long to wait before the next start when there were `recent` ones: 0, 1, 2, 4, … up to a minute.

    >>> [pause_seconds(n) for n in (0, 1, 2, 3, 20)]
    [0.0, 1.0, 2.0, 4.0, 60.0]
    """
    return min(2.0 ** (recent - 1), LONGEST_PAUSE_SECONDS) if recent else 0.0


def read_starts(run_folder: Path, name: str) -> list[float]:
    file = run_folder / f"{name}.starts"
    return [float(line) for line in file.read_text().split()] if file.is_file() else []


def main() -> None:
    name, separator, *command = sys.argv[1:]
    if separator != "--" or not command:
        sys.exit("usage: python -m scripts.program NAME -- command…")
    die_with_parent()
    run_folder = Path(os.environ["NEWSWAKE_HOME"]) / "run"
    recent = recent_starts(read_starts(run_folder, name), time.time())
    if pause := pause_seconds(len(recent)):
        print(f"newswake: {name} starts again in {pause:g} s (start {len(recent) + 1})", file=sys.stderr, flush=True)
        threading.Event().wait(pause)
    starts = [*recent[-19:], time.time()]
    (run_folder / f"{name}.starts").write_text("".join(f"{start:.1f}\n" for start in starts))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
