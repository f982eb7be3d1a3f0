"""Whether what is shown can be trusted."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from dashboard.models.base import Answer
from dashboard.models.session import Banner

Severity = Literal["ok", "info", "warning", "critical"]


class Finding(Answer):
    """One rule of the monitor that has something to say."""

    rule: str
    severity: Severity
    subject: str
    sentence: str
    advice: str
    since: AwareDatetime | None


class Age(Answer):
    """`seconds` are those of the data's own clock, which in a simulation is the simulator's."""

    at: AwareDatetime | None
    seconds: float | None


class QueryState(Answer):
    """The last report of a query. `lag_messages`: behind the newest offsets; `watermark_lag_seconds`: behind now."""

    name: str
    state: Literal["running", "idle", "silent"]
    reported_at: AwareDatetime
    batch_id: int
    rows_per_second: float | None
    batch_seconds: float | None
    lag_messages: int | None
    watermark: AwareDatetime | None
    watermark_lag_seconds: float | None
    state_rows: int | None


class SourceState(Answer):
    """`condition`: ok, delayed, waiting, stopped."""

    source: str
    condition: str
    reason: str
    since: AwareDatetime | None
    next_try_at: AwareDatetime | None
    last_ok_at: AwareDatetime | None


class Health(Answer):
    state: Severity
    sentence: str
    checked_at: AwareDatetime
    now: AwareDatetime | None
    database: Literal["up", "away"]
    candle: Age
    post: Age
    queries: list[QueryState]
    sources: list[SourceState]
    findings: list[Finding]
    dead_letters: int
    banners: list[Banner]
    clients: int
