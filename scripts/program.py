"""Start one supervised program: `python -m scripts.program NAME -- command…`.

Becomes the command after two things: it is tethered to its supervisor, so that none survives it, and when it starts
again soon after it last did, it waits first, longer each time. Its starts stand in NEWSWAKE_HOME/run/NAME.starts (the
last one lies ahead while it waits), where `make status` and `make run` see a program that keeps ending.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from newswake.tether import die_with_parent

FORGET_SECONDS = 300.0  # a program that ran this long starts again without a pause
LONGEST_PAUSE_SECONDS = 60.0
LOOP_STARTS = 4  # one more than could be an accident
KEPT_STARTS = 199


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


def write_starts(run_folder: Path, name: str, starts: list[float]) -> None:
    """Replace the file: whoever looks at it meanwhile sees the old one whole."""
    draft = run_folder / f"{name}.starts.draft"
    draft.write_text("".join(f"{start:.1f}\n" for start in starts))
    draft.replace(run_folder / f"{name}.starts")


@dataclass(frozen=True)
class Loop:
    """A program that keeps ending: its restarts, over how many seconds, and those until its next start."""

    restarts: int
    seconds: float
    next_in_seconds: float

    def __str__(self) -> str:
        text = f"restarted {self.restarts} times in {_duration(self.seconds)}"
        return text + (f", next start in {self.next_in_seconds:.0f} s" if self.next_in_seconds > 0 else "")


def loop_of(starts: list[float], now: float) -> Loop | None:
    """The loop that a program is in, from its starts; None when it only started, or ended once or twice.

    >>> str(loop_of([0.0, 1.0, 3.0, 7.0], now=5.0)), loop_of([0.0, 1.0], now=5.0)
    ('restarted 2 times in 5 s, next start in 2 s', None)
    """
    recent = recent_starts(starts, now)
    if len(recent) < LOOP_STARTS:
        return None
    done = [start for start in recent if start <= now]
    return Loop(len(done) - 1, now - recent[0], max(0.0, recent[-1] - now))


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def main() -> None:
    name, separator, *command = sys.argv[1:]
    if separator != "--" or not command:
        sys.exit("usage: python -m scripts.program NAME -- command…")
    die_with_parent()
    run_folder = Path(os.environ["NEWSWAKE_HOME"]) / "run"
    recent = recent_starts(read_starts(run_folder, name), time.time())
    pause = pause_seconds(len(recent))
    try:
        write_starts(run_folder, name, [*recent[-KEPT_STARTS:], time.time() + pause])
    except OSError as error:  # a full disk; without a note of this start, the next one would come at once
        pause = LONGEST_PAUSE_SECONDS
        print(f"newswake: {run_folder} cannot be written to: {error.strerror}", file=sys.stderr, flush=True)
    if pause:
        print(f"newswake: {name} starts again in {pause:g} s (start {len(recent) + 1})", file=sys.stderr, flush=True)
        threading.Event().wait(pause)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
