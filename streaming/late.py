"""What is late: due and not present in `post_prices`, by coin and hour, and the rows that Spark says it dropped."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database
from pyspark.sql import functions as F

from streaming.context import Context
from streaming.repair import ALWAYS, Period, due_once
from streaming.sinks import delta
from streaming.transforms.late import late_by_hour

NOTE = (
    "rows that Spark dropped as late (numRowsDroppedByWatermark); it counts a post again each time that it is seen "
    "after its hour was closed, so it is no loss by itself: what is lost is what is absent"
)


@dataclass(frozen=True)
class LateHour:
    """Rows due for one coin whose candle is in one hour; due = priced + missing + absent."""

    symbol: str
    hour: datetime
    due: int
    priced: int
    missing: int
    absent: int


@dataclass(frozen=True)
class Late:
    """The hours up to `until`, which the stream has closed; `dropped` is what the kept reports of batches say."""

    until: datetime | None
    hours: list[LateHour]
    dropped: int

    def total(self, name: str) -> int:
        return sum(getattr(hour, name) for hour in self.hours)

    def as_json(self) -> dict[str, Any]:
        """Times as ISO-8601."""
        hours = [{**asdict(hour), "hour": hour.hour.isoformat()} for hour in self.hours]
        until = self.until.isoformat() if self.until else None
        return {"until": until, "hours": hours, "dropped_by_watermark": self.dropped, "note": NOTE}

    def as_text(self) -> str:
        """A table of the hours in which something is absent, and the sums over all of them."""
        if self.until is None:
            return "The query post_prices has not closed any hour yet: nothing can be late."
        lines = [f"{'hour':<17}{'coin':<10}{'due':>9}{'priced':>9}{'missing':>9}{'absent':>9}"]
        lines += [_line(f"{hour.hour:%Y-%m-%d %H:%M}", hour.symbol, hour) for hour in self.hours if hour.absent]
        sums = LateHour("", self.until, *(self.total(name) for name in ("due", "priced", "missing", "absent")))
        lines.append(_line("all hours", "", sums))
        lines.append(f"Up to {self.until:%Y-%m-%d %H:%M}, the newest hour that the stream has closed.")
        if sums.absent:
            lines.append("The next repair of the application writes what is absent; make repair does it now.")
        lines.append(f"{self.dropped} {NOTE}.")
        return "\n".join(lines)


def look(context: Context, database: Database[dict[str, Any]], period: Period = ALWAYS) -> Late:
    """Computed from the tables `posts` and `post_prices`, over target times in the period."""
    until = context.checkpoint("post_prices").watermark()
    if until is None:
        return Late(None, [], dropped(database))
    streaming = context.settings.streaming
    posts = delta.read(context.spark, context.table("posts"))
    present = delta.read(context.spark, context.table("post_prices"))
    due = due_once(posts, streaming.horizons_minutes, streaming.join_posts)
    late = late_by_hour(due.where(period.holds(F.col("target_time"))), present, until)
    # As milliseconds, because PySpark gives times in the zone of the machine.
    rows = late.withColumn("hour", F.unix_millis("hour")).collect()
    hours = [LateHour(**{**row.asDict(), "hour": datetime.fromtimestamp(row["hour"] / 1000, UTC)}) for row in rows]
    return Late(until, hours, dropped(database))


def dropped(database: Database[dict[str, Any]]) -> int:
    """Sum of `numRowsDroppedByWatermark` over the reports of `post_prices` that the capped collection still holds."""
    found = database["query_progress"].aggregate(
        [
            {"$match": {"name": "post_prices"}},
            {"$unwind": "$stateOperators"},
            {"$group": {"_id": None, "rows": {"$sum": "$stateOperators.numRowsDroppedByWatermark"}}},
        ]
    )
    return next((int(document["rows"]) for document in found), 0)


def _line(hour: str, symbol: str, sums: LateHour) -> str:
    return f"{hour:<17}{symbol:<10}{sums.due:>9,}{sums.priced:>9,}{sums.missing:>9,}{sums.absent:>9,}"
