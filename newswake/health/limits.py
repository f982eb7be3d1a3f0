"""What is expected, in numbers. Every rule names the number that it used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from newswake.health.inputs import Application

HEARTBEAT_SECONDS = 5.0  # between two signs of life of the application
IDLE_REPORT_SECONDS = 10.0  # Spark's `spark.sql.streaming.noDataProgressEventInterval`
# That a task runs is taken for work. A batch that is taken for stuck while it works is cut off, begins anew, and is cut
# off again for ever: so this is some times what the largest task takes (half of a batch's candles into MongoDB).
TASK_SECONDS = 300.0
# Real seconds that a message may take: at 60 times real time, that is minutes of the data's time.
PIPELINE_SECONDS = 20.0


@dataclass(frozen=True)
class Limits:
    """What is more than this is said; times of data (`candle_age`, `behind`, `overdue`) are in the data's clock.

    `down_factor`: a data time that is so many times over its limit is down, not degraded. A coin that is behind the
    others by `delisted` is taken for one that is not traded any more.
    """

    silent: timedelta = timedelta(seconds=3 * HEARTBEAT_SECONDS)
    start: timedelta = timedelta(minutes=10)
    triggers: int = 3
    candle_age: timedelta = timedelta(minutes=2)
    behind: timedelta = timedelta(minutes=2)
    messages_behind: int = 10_000
    watermark_age: timedelta = timedelta(hours=9)
    overdue: timedelta = timedelta(minutes=5)
    delisted: timedelta = timedelta(hours=24)
    down_factor: int = 10
    refused: int = 10
    starts: int = 4
    starts_within: timedelta = timedelta(minutes=10)
    repair_age: timedelta = timedelta(minutes=30)


def limits_for(application: Application | None) -> Limits:
    """The limits of this application: some follow from its settings and from how fast its data's clock runs."""
    if application is None:
        return Limits()
    fast = timedelta(seconds=PIPELINE_SECONDS * application.speed) if application.speed > 1 else timedelta()
    defaults = Limits()
    return Limits(
        candle_age=defaults.candle_age + fast,
        behind=defaults.behind + fast,
        # Both clocks of the join lag by the lateness and the hour that hours are rounded down by (design: the join);
        # an hour more for the page that is not full yet, and one for the pipeline.
        watermark_age=timedelta(minutes=application.lateness_minutes + 180) + fast,
        overdue=defaults.overdue + 3 * fast,
        repair_age=timedelta(seconds=3 * max(application.repair_seconds, 300.0)),
    )
