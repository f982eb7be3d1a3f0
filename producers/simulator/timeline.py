"""The simulated clock and what survives a restart."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from newswake.clock import Clock, to_ms
from newswake.errors import RecordingError

SAVE_SECONDS = 1.0
# A saved time lies ahead of the clock, so that after a crash the clock never tells an earlier time than before.
SAVE_AHEAD_SECONDS = 3.0


class Timeline:
    """Runs `speed` times as fast as `real`, but never ahead of it, and stops at `end`. Epoch milliseconds."""

    def __init__(self, now: int, speed: float, end: int | None, real: Clock, elapsed: Callable[[], float]) -> None:
        self._origin = now
        self._speed = speed
        self._end = end
        self._real = real
        self._elapsed = elapsed
        self._started = elapsed()
        self._lock = threading.Lock()
        self._last = min(now, self._limit())

    def now(self) -> int:
        with self._lock:
            ran = int((self._elapsed() - self._started) * 1000 * self._speed)
            # The real clock may be set back; ours never goes back with it.
            self._last = max(self._last, min(self._origin + ran, self._limit()))
            return self._last

    def ahead(self, seconds: float) -> int:
        """The latest time that the clock can tell within `seconds` of the real one."""
        later = min(self.now() + int(seconds * 1000 * self._speed), to_ms(self._real.now()) + int(seconds * 1000))
        return later if self._end is None else min(later, self._end)

    def answer(self) -> dict[str, object]:
        """The body of `GET /clock`.

        Who asks goes on counting for a second at the speed told here: near the real time that is the distance left,
        so that nobody counts past it.
        """
        now = self.now()
        left = (to_ms(self._real.now()) - now) / 1000
        speed = min(self._speed, max(1.0, left))
        ended = self._end is not None and now >= self._end
        return {"now": now, "speed": speed, "end": self._end, "ended": ended, "simulated": True}

    def _limit(self) -> int:
        real = to_ms(self._real.now())
        return real if self._end is None else min(real, self._end)


@dataclass(frozen=True)
class SavedState:
    """What a simulation was (`identity`: seed, recording, …), where it began and how far it came."""

    identity: Mapping[str, object]
    start: int
    now: int


class StateFile:
    """The state of a simulation in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "state.json"

    def load(self, identity: Mapping[str, object]) -> SavedState | None:
        """The saved state; None when there is none.

        Raises `RecordingError` when it belongs to another recording or seed, or cannot be read.
        """
        if not self._path.exists():
            return None
        try:
            body = json.loads(self._path.read_text(encoding="utf-8"))
            saved = SavedState(dict(body["identity"]), int(body["start"]), int(body["now"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RecordingError(f"The simulator's state {self._path} cannot be read; remove {self._folder}") from error
        if dict(saved.identity) != dict(identity):
            differing = sorted(
                name for name in {*saved.identity, *identity} if saved.identity.get(name) != identity.get(name)
            )
            raise RecordingError(
                f"The folder {self._folder} belongs to a simulation with another {' and '.join(differing)}: "
                "use another NEWSWAKE_HOME (or --state), or remove this one"
            )
        return saved

    def save(self, state: SavedState) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(f".{os.getpid()}.draft")
        body = {"identity": dict(state.identity), "start": state.start, "now": state.now}
        draft.write_text(json.dumps(body), encoding="utf-8")
        draft.replace(self._path)
