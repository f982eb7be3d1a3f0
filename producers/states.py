"""How a source is doing, as a person sees it: in the log, and in a small file that `make status` reads."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from newswake.clock import to_iso

log = logging.getLogger(__name__)


class Condition(StrEnum):
    OK = "ok"
    DELAYED = "delayed"  # answers, but its newest posts are old by contract
    WAITING = "waiting"  # did not answer as it should; asked again at `next_try_at`
    STOPPED = "stopped"  # of no use until a person changes something


@dataclass(frozen=True)
class SourceState:
    """`since` is when the condition began, `next_try_at` the next poll; both in the producer's clock."""

    source: str
    condition: Condition
    reason: str
    since: datetime
    next_try_at: datetime | None


class StateBoard:
    """Keeps the state of each source under `folder`, one JSON file each, and logs each change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: dict[str, SourceState] = {}

    def show(
        self, source: str, condition: Condition, reason: str, now: datetime, next_try_at: datetime | None = None
    ) -> SourceState:
        last = self._last.get(source)
        same = last is not None and (last.condition, last.reason) == (condition, reason)
        state = SourceState(source, condition, reason, last.since if same and last else now, next_try_at)
        if not same:
            until = f", next try {to_iso(next_try_at)}" if next_try_at else ""
            level = logging.INFO if condition in (Condition.OK, Condition.DELAYED) else logging.WARNING
            log.log(level, "source %s is %s: %s%s", source, condition, reason, until)
        self._last[source] = state
        self._write(state)
        return state

    def _write(self, state: SourceState) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        body = {name: to_iso(value) if isinstance(value, datetime) else value for name, value in asdict(state).items()}
        target = self._folder / f"{state.source}.json"
        draft = target.with_suffix(f".{os.getpid()}.draft")
        draft.write_text(json.dumps(body), encoding="utf-8")
        draft.replace(target)
