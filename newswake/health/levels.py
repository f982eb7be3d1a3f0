"""What the rules come to: a verdict a thing that was looked at, and the worst of them for the whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from newswake.clock import to_iso


class Level(IntEnum):
    """The worst one is also the exit code of `python -m streaming.monitor --once`."""

    OK = 0
    DEGRADED = 1
    DOWN = 2

    def __str__(self) -> str:
        return self.name.lower()


class Kind(StrEnum):
    """What a verdict is about."""

    APPLICATION = "application"
    QUERY = "query"
    CANDLES = "candles"
    SOURCE = "source"
    SERVICE = "service"
    REPAIR = "repair"
    DEAD_LETTERS = "dead_letters"


@dataclass(frozen=True)
class Verdict:
    """`says` is the rule in words, with what was found and what was expected: "candles 4 min old, expected < 2 min"."""

    kind: Kind
    subject: str
    level: Level
    says: str

    def as_json(self) -> dict[str, Any]:
        return {"kind": str(self.kind), "subject": self.subject, "level": str(self.level), "says": self.says}


@dataclass(frozen=True)
class Health:
    """All verdicts, the worst first. `now` is the data's time (design: words), None when there are no candles."""

    at: datetime
    now: datetime | None
    simulated: bool
    verdicts: tuple[Verdict, ...]

    @property
    def level(self) -> Level:
        return max((verdict.level for verdict in self.verdicts), default=Level.OK)

    def of(self, kind: Kind, subject: str | None = None) -> list[Verdict]:
        """The verdicts on one kind of thing, or on one thing of it."""
        return [one for one in self.verdicts if one.kind is kind and subject in (None, one.subject)]

    def as_json(self) -> dict[str, Any]:
        return {
            "level": str(self.level),
            "at": to_iso(self.at),
            "now": to_iso(self.now) if self.now else None,
            "simulated": self.simulated,
            "verdicts": [verdict.as_json() for verdict in self.verdicts],
        }
