"""What the rules judge: everything that is known at one moment, as values. `read.py` fills it from MongoDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from newswake.health.levels import Level
from newswake.health.report import Report

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class QueryState:
    """A query as the application sees it.

    `heard_at` is when Spark last reported a batch, or that there was nothing to do, `worked_at` when it was last seen
    at work on a batch. By topic, `messages_behind` counts what was not read by a finished batch, and `seconds_behind`
    is the event time between the newest message and the newest one that was (absent where it is not known). `failed`:
    an error ended it; one that was stopped, or has read all that there was, has none.
    """

    name: str
    active: bool
    started_at: datetime
    heard_at: datetime | None = None
    messages_behind: Mapping[str, int] = field(default_factory=dict)
    seconds_behind: Mapping[str, float] = field(default_factory=dict)
    worked_at: datetime | None = None
    failed: bool = False


@dataclass(frozen=True)
class TopicState:
    """A topic's end. `event_at`: the event time of its newest message: a heartbeat's, a post's, a candle's close."""

    name: str
    messages: int
    event_at: datetime | None = None


@dataclass(frozen=True)
class Application:
    """What the streaming application last said of itself, at `seen_at` (the machine's clock).

    `state` is starting, running, stopped or failed, `reason` why it stopped or failed. `source` is live, simulated,
    recording, or empty when the home is not marked. `clock_now` is the simulator's time at `seen_at`. `once`: each
    query ends by itself, when it has read what was there at its start.
    """

    seen_at: datetime
    started_at: datetime
    state: str
    reason: str = ""
    host: str = ""
    home: str = ""
    pid: int = 0
    ui_url: str = ""
    source: str = ""
    speed: float = 1.0
    clock_now: datetime | None = None
    trigger_seconds: float = 0.1
    repair_seconds: float = 600.0
    lateness_minutes: int = 360
    coins: tuple[str, ...] = ()
    starts: tuple[datetime, ...] = ()
    queries: tuple[QueryState, ...] = ()
    topics: tuple[TopicState, ...] = ()
    kafka_error: str = ""
    once: bool = False

    @property
    def is_up(self) -> bool:
        return self.state in ("starting", "running")


@dataclass(frozen=True)
class SourceState:
    """A source as its producer sees it, in the producer's clock; `written_at` is the machine's."""

    source: str
    condition: str
    reason: str
    next_try_at: datetime | None = None
    last_ok_at: datetime | None = None
    written_at: datetime | None = None


@dataclass(frozen=True)
class ServiceState:
    """A service that was asked. `says` is what it answered, or why it did not."""

    name: str
    answers: bool
    says: str = ""


@dataclass(frozen=True)
class RepairState:
    ended_at: datetime
    priced: int
    missing: int


@dataclass(frozen=True)
class DeadLetters:
    """`recent` were refused in the last `DEAD_LETTERS_MINUTES` of the machine's clock; `reason` is the newest one's."""

    total: int
    recent: int
    reason: str = ""


@dataclass(frozen=True)
class Inputs:
    """`at` is the machine's time of looking; `candles` the open time of each coin's newest candle.

    `reports` are by query, the newest first. What stands after `dead_letters` is by query too, and only where somebody
    told it: the processed rows a second of late, oldest first (where `reports` have only the newest batch); the late
    rows since the application started; by topic, the messages behind the offsets of the query's consumer group, counted
    at `at`, while the application has not counted them. `told` are the application's own verdicts, by kind and subject,
    where they come from it.
    """

    at: datetime
    application: Application | None = None
    reports: Mapping[str, tuple[Report, ...]] = field(default_factory=dict)
    candles: Mapping[str, datetime] = field(default_factory=dict)
    sources: tuple[SourceState, ...] = ()
    services: tuple[ServiceState, ...] = ()
    repair: RepairState | None = None
    dead_letters: DeadLetters | None = None
    rates: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    late_rows: Mapping[str, int] = field(default_factory=dict)
    unread: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    told: Mapping[tuple[str, str], Level] = field(default_factory=dict)

    @property
    def newest_close(self) -> datetime | None:
        """When the newest candle closed: the `now` of simulated and replayed data."""
        return max(self.candles.values()) + MINUTE if self.candles else None
