"""What happens to the programs of a run, as sentences: restarts, ends, and refusals that need a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from newswake.errors import ServiceError
from scripts.program import loop_of, read_starts
from scripts.services import last_line
from scripts.supervision import ProgramState

REFUSED = 2  # the exit code of a program of ours that a person has to help
# A program that refuses this soon after its first start has something wrong in the settings or in the home.
FIRST_SECONDS = 300.0


@dataclass
class Watch:
    """Compares the programs with how they were at the last look.

    `restart` starts a program again: supervisord leaves one that refused to us. What only lasts (a broker that was
    away) is over by its next start; `scripts.program` makes the pauses between starts longer each time.
    """

    home: Path
    say: Callable[[str], None]
    restart: Callable[[str], None]
    _first_seen: dict[str, float] = field(default_factory=dict)
    _pids: dict[str, int] = field(default_factory=dict)
    _told: dict[str, str] = field(default_factory=dict)

    def look(self, states: Iterable[ProgramState], now: float) -> None:
        """Raises `ServiceError` with its last line when a program refuses to work right after its first start."""
        for state in states:
            if state.state == "RUNNING" and state.pid:
                self._running(state, now)
            elif state.state == "EXITED" and state.exit_code == REFUSED:  # any other is about to be started again
                self._refused(state, now)
            elif state.state == "FATAL":
                raise ServiceError(f"{state.name} cannot be started; see {self.home / 'logs'}")

    def _running(self, state: ProgramState, now: float) -> None:
        self._first_seen.setdefault(state.name, now)
        before = self._pids.get(state.name)
        if before is not None and before != state.pid and not self._told_of_a_loop(state.name):
            self._tell_once(state.name, f"{state.name} ended and is started again: {self._last_line(state.name)}")
        self._pids[state.name] = state.pid

    def _told_of_a_loop(self, name: str) -> bool:
        """Say how often a program that keeps ending was started: at each start, which come more and more seldom."""
        loop = loop_of(read_starts(self.home / "run", name), time.time())
        if loop is not None:
            self.say(f"{name} keeps ending: {loop}, last reason: {self._last_line(name)}")
        return loop is not None

    def _refused(self, state: ProgramState, now: float) -> None:
        reason = self._last_line(state.name)
        first = self._first_seen.setdefault(state.name, now)
        if now - first < FIRST_SECONDS:
            raise ServiceError(f"{state.name}: {reason}")
        if not self._told_of_a_loop(state.name):
            self._tell_once(state.name, f"{state.name} stopped: {reason}; it is tried again")
        self._pids.pop(state.name, None)
        self.restart(state.name)

    def _tell_once(self, name: str, text: str) -> None:
        """The same sentence is not repeated for each try."""
        if self._told.get(name) != text:
            self.say(f"{text} (log: {self.home / 'logs' / f'{name}.log'})")
        self._told[name] = text

    def _last_line(self, name: str) -> str:
        return last_line(self.home / "logs" / f"{name}.log")
