"""Now and periods, in the time of the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dashboard.database import Tables
from dashboard.refusals import Invalid

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# What lies outside is a slip of the pen, and more than some parts of the way can take.
FIRST, LAST = datetime(2009, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


async def newest_close(tables: Tables) -> datetime | None:
    """Now: the close of the newest closed candle; None while there is none."""
    newest = await tables.one("candles", {}, fields=["open_time"], sort=[("open_time", -1)])
    return newest["open_time"] + MINUTE if newest else None


@dataclass(frozen=True)
class Span:
    """From `start` (included) to `end` (excluded); `now` is None while there is no candle."""

    start: datetime
    end: datetime
    now: datetime | None

    @property
    def where(self) -> dict[str, datetime]:
        """As a condition of MongoDB on a time."""
        return {"$gte": self.start, "$lt": self.end}


async def span(
    tables: Tables, start: datetime | None, end: datetime | None, *, max_days: int, default: timedelta = DAY
) -> Span:
    """The period that was asked for: until now, and `default` long, where it does not say.

    Raises `Invalid` for one that is empty, longer than `max_days`, or outside of the years 2009 to 2099.
    """
    now = await newest_close(tables)
    until = _within("to", end) or now or datetime.now(UTC)
    since = _within("from", start) or until - default
    if since >= until:
        raise Invalid("from", f"A period begins before its end, {until:%Y-%m-%d %H:%M}")
    if until - since > timedelta(days=max_days):
        raise Invalid("from", f"A period has at most {max_days} days")
    return Span(since, until, now)


def within(name: str, moment: datetime) -> datetime:
    """A moment in UTC. Raises `Invalid` for one outside of the years 2009 to 2099."""
    if not FIRST <= moment < LAST:
        raise Invalid(name, "A time lies in the years 2009 to 2099")
    return moment.astimezone(UTC)


def _within(name: str, moment: datetime | None) -> datetime | None:
    return None if moment is None else within(name, moment)
