"""How a source is doing, as a person sees it: in the log, in a small file that `make status` reads, and in MongoDB."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from newswake.clock import to_iso
from producers.coverage import Coverage, Ledger

log = logging.getLogger(__name__)


class Condition(StrEnum):
    OK = "ok"
    DELAYED = "delayed"  # answers, but its newest posts are old by contract
    WAITING = "waiting"  # did not answer as it should; asked again at `next_try_at`
    STOPPED = "stopped"  # of no use until a person changes something


@dataclass(frozen=True)
class SourceState:
    """`since` is when the condition began, `next_try_at` the next poll, `last_ok_at` the last good one.

    All are in the producer's clock.
    """

    source: str
    condition: Condition
    reason: str
    since: datetime
    next_try_at: datetime | None
    last_ok_at: datetime | None = None


class StateBoard:
    """Keeps the state of each source under `folder`, one JSON file each, and logs each change.

    With a `ledger` states and polls are in MongoDB as well. One thread a source.
    """

    def __init__(self, folder: Path, ledger: Ledger | None = None) -> None:
        self._folder = folder
        self._ledger = ledger
        self._last: dict[str, SourceState] = {}
        self._last_ok: dict[str, datetime | None] = {}

    def polled(
        self,
        source: str,
        now: datetime,
        error: str | None = None,
        covered_from: datetime | None = None,
        covered_until: datetime | None = None,
        not_covered: Sequence[str] = (),
    ) -> None:
        """Note that a source was asked, and what its answer told of, or what kept it from answering."""
        if source not in self._last_ok:
            self._last_ok[source] = self._last_ok_of_former_run(source)
        last_ok = self._last_ok[source]
        # A clock that was set back does not make a gap of less than nothing.
        gap = max(0.0, (now - last_ok).total_seconds()) if last_ok else None
        if error is None:
            self._last_ok[source] = now
        if self._ledger is not None:
            self._ledger.covered(
                Coverage(source, now, error is None, error, gap, covered_from, covered_until, tuple(not_covered))
            )

    def show(
        self, source: str, condition: Condition, reason: str, now: datetime, next_try_at: datetime | None = None
    ) -> SourceState:
        last = self._last.get(source)
        same = last is not None and (last.condition, last.reason) == (condition, reason)
        since = last.since if same and last else now
        state = SourceState(source, condition, reason, since, next_try_at, self._last_ok.get(source))
        if not same:
            until = f", next try {to_iso(next_try_at)}" if next_try_at else ""
            level = logging.INFO if condition in (Condition.OK, Condition.DELAYED) else logging.WARNING
            log.log(level, "source %s is %s: %s%s", source, condition, reason, until)
        self._last[source] = state
        self._write(state)
        if self._ledger is not None:
            self._ledger.state(source, {name: value for name, value in vars(state).items() if name != "source"})
        return state

    def _last_ok_of_former_run(self, source: str) -> datetime | None:
        try:
            body = json.loads((self._folder / f"{source}.json").read_text(encoding="utf-8"))
            moment = datetime.fromisoformat(body["last_ok_at"])
        except (OSError, ValueError, KeyError, TypeError):
            return None  # the first run, or one that had no good poll
        return moment if moment.tzinfo else None

    def _write(self, state: SourceState) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        body = {name: to_iso(value) if isinstance(value, datetime) else value for name, value in asdict(state).items()}
        target = self._folder / f"{state.source}.json"
        draft = target.with_suffix(f".{os.getpid()}.draft")
        draft.write_text(json.dumps(body), encoding="utf-8")
        draft.replace(target)
