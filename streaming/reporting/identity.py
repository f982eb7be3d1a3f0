"""What the application says of itself when it starts: who and where it is, and how often it has had to start again."""

from __future__ import annotations

import os
import socket
from datetime import datetime
from typing import Any

from pymongo.database import Database

from newswake.health.inputs import Application
from newswake.health.read import read_application
from newswake.home import SIMULATED, read_mark
from newswake.settings import Settings

KEPT_STARTS = 20
KILLED = "it was killed, or its machine went away"


def identity(settings: Settings, database: Database[dict[str, Any]], now: datetime, *, once: bool) -> Application:
    """As `starting`. Raises `PyMongoError` when the database, which knows of the former start, does not answer."""
    starts, reason = former(read_application(database))
    return Application(
        seen_at=now,
        started_at=now,
        state="starting",
        reason=reason,
        host=socket.gethostname(),
        home=str(settings.home),
        pid=os.getpid(),
        source=read_mark(settings.home) or (SIMULATED if settings.clock.url else ""),
        trigger_seconds=settings.streaming.trigger_seconds,
        repair_seconds=settings.streaming.repair_seconds,
        lateness_minutes=settings.streaming.lateness_minutes,
        coins=tuple(settings.candles.coins),
        starts=(*starts, now)[-KEPT_STARTS:],
        once=once,
    )


def former(last: Application | None) -> tuple[tuple[datetime, ...], str]:
    """The starts since the last clean stop, and why the last one ended; nothing after a clean stop."""
    if last is None or last.state == "stopped":
        return (), ""
    return last.starts, last.reason if last.state == "failed" else KILLED
