"""Whether what is shown can be trusted."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from dashboard.models.base import Answer
from dashboard.models.session import Banner

Level = Literal["ok", "degraded", "down"]


class Verdict(Answer):
    """One rule of the monitor: what was looked at, how it is, and the rule in words. The worst come first."""

    kind: str
    subject: str
    level: Level
    sentence: str


class Age(Answer):
    """`seconds` before the data's own time, which in a simulation is the simulator's."""

    at: AwareDatetime | None
    seconds: float | None


class QueryState(Answer):
    """A query and its last report. `lag_messages`: how many messages of its topics that batch had not read."""

    name: str
    level: Level
    reported_at: AwareDatetime | None
    batch_id: int | None
    rows_per_second: float | None
    batch_seconds: float | None
    lag_messages: int | None
    watermark: AwareDatetime | None
    state_rows: int | None


class SourceState(Answer):
    """`condition`: ok, delayed, waiting, stopped."""

    source: str
    condition: str
    reason: str
    next_try_at: AwareDatetime | None
    last_ok_at: AwareDatetime | None


class Health(Answer):
    """`now` is the data's time: the machine's when live, the simulator's otherwise. `clients` are live connections."""

    level: Level
    sentence: str
    checked_at: AwareDatetime
    now: AwareDatetime | None
    database: Literal["up", "away"]
    candle: Age
    post: Age
    queries: list[QueryState]
    sources: list[SourceState]
    verdicts: list[Verdict]
    dead_letters: int
    banners: list[Banner]
    clients: int
