"""What an engine tells on its standard output, one JSON object a line; other lines are not looked at.

Standard library only: Bytewax and Pathway run in an environment of their own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

CANDLES_BETWEEN = 60_000


@dataclass(frozen=True)
class Outcome:
    """`progress`: (seconds, candles so far), rising; `rows` and `total` are the count and the sum of the prices."""

    rows: int
    total: float
    progress: Sequence[tuple[float, int]]

    def steady(self, behind: float = 1 / 3) -> float | None:
        """Candles a second behind the first part of the candles, the warm-up; None where none came behind it."""
        if not self.progress:
            return None
        last_time, last_candles = self.progress[-1]
        begun = next((point for point in self.progress if point[1] >= behind * last_candles), self.progress[-1])
        candles, seconds = last_candles - begun[1], last_time - begun[0]
        return candles / seconds if candles and seconds > 0 else None


class Teller:
    """Tells the progress now and then, and the outcome at the end."""

    def __init__(self) -> None:
        self._candles = 0
        self._told = 0

    def candles(self, count: int) -> None:
        self._candles += count
        if self._candles - self._told >= CANDLES_BETWEEN:
            self._tell_progress()

    def batch(self, seconds: float, candles: int) -> None:
        """A batch of so many candles that ended at `seconds` (since the epoch)."""
        self._candles += candles
        self._tell_progress(seconds)

    def outcome(self, rows: int, total: float) -> None:
        if self._candles > self._told:
            self._tell_progress()
        print(json.dumps({"rows": rows, "total": total}), flush=True)

    def _tell_progress(self, seconds: float | None = None) -> None:
        self._told = self._candles
        print(json.dumps({"seconds": seconds or time.time(), "candles": self._candles}), flush=True)


def understood(text: str) -> Outcome:
    """The outcome in what an engine printed. Raises `ValueError` where there is none."""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]
    ends = [one for one in found if "rows" in one]
    if len(ends) != 1:
        raise ValueError(f"the engine told {len(ends)} outcomes, should be one: {text[-500:]}")
    progress = [(one["seconds"], one["candles"]) for one in found if "candles" in one]
    return Outcome(ends[0]["rows"], ends[0]["total"], progress)
