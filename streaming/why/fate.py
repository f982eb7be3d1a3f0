"""What became of each price that a post is owed, from what is known of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from newswake.health.report import Report

HOUR = timedelta(hours=1)

Document = Mapping[str, Any]


class Outcome(StrEnum):
    PRICED = "priced"
    NO_CANDLE = "no candle"
    NOT_DUE = "not due yet"
    WAITING = "waiting"
    LATE = "late"


@dataclass(frozen=True)
class Due:
    """A price that is owed: at `target_time`, the close of the candle in the page of `hour`."""

    horizon_minutes: int
    target_time: datetime
    hour: datetime


@dataclass(frozen=True)
class Written:
    """When a row came into the Delta table, and by which batch (None: by the repair), with the report of it if kept."""

    committed_at: datetime
    batch: int | None
    report: Report | None


@dataclass(frozen=True)
class Known:
    """What is known of one post and coin.

    `rows` (of `post_prices`) and `candles` are documents of MongoDB or rows of the lake, by horizon. `watermark` is
    that of the newest committed batch, `now` the data's time, `held` the horizons that Spark's state holds (None: it
    could not be read), `repaired_at` when the last repair ended. `written` has the rows that the lake holds (None: how
    one came there is not kept). `by_mongodb`: it could be asked.
    """

    first_seen_at: datetime
    rows: Mapping[int, Document]
    candles: Mapping[int, Document]
    watermark: datetime | None
    now: datetime | None
    lateness_minutes: int
    held: frozenset[int] | None
    repaired_at: datetime | None
    written: Mapping[int, Written | None] = field(default_factory=dict)
    by_mongodb: bool = True


@dataclass(frozen=True)
class Fate:
    """`written` says of a row how it was written."""

    due: Due
    outcome: Outcome
    says: str
    written: str = ""


def fate_of(due: Due, known: Known) -> Fate:
    """The outcome of one horizon. The order of the questions is the way that a row takes."""
    row = known.rows.get(due.horizon_minutes)
    candle = known.candles.get(due.horizon_minutes)
    if row is not None and row["price"] is not None:
        return Fate(due, Outcome.PRICED, _priced(row, candle), _written(due, known))
    if row is not None:
        return Fate(due, Outcome.NO_CANDLE, _no_candle(candle, known), _written(due, known))
    if known.watermark is not None and due.hour <= known.watermark:
        return Fate(due, Outcome.LATE, _late(due, known))
    if known.now is None or due.target_time > known.now:
        ahead = f"its minute closes at {due.target_time:%Y-%m-%d %H:%M}"
        return Fate(due, Outcome.NOT_DUE, f"{ahead}; {_held(due, known)}")
    return Fate(due, Outcome.WAITING, _waiting(due, known))


def closes_at(due: Due, lateness_minutes: int) -> datetime:
    """The data's time at which the join gives the hour up: its clocks lag by the lateness and one hour."""
    return due.hour + timedelta(minutes=lateness_minutes) + HOUR


def _priced(row: Document, candle: Document | None) -> str:
    parts = [f"{row['price']:g} ({row['price_status']}, {row['exchange']})", f"post seen {_time(row['seen_at'])}"]
    parts.append(f"candle seen {_time(candle['seen_at'])}" if candle else "when its candle was seen is not known")
    if row["repaired_at"] is not None:
        parts.append(f"by the repair at {_time(row['repaired_at'])}")
    return ", ".join(parts)


def _no_candle(candle: Document | None, known: Known) -> str:
    if candle is None:
        return "the stream waited as long as it does, and no candle of that minute has come since"
    return f"the candle came at {_time(candle['seen_at'])}, after the hour was closed: {_next_repair(known)}"


def _late(due: Due, known: Known) -> str:
    return (
        f"first seen at {_time(known.first_seen_at)}, and the stream closed the hour {due.hour:%Y-%m-%d %H:%M} "
        f"when the data's clock passed {_time(closes_at(due, known.lateness_minutes))}: {_next_repair(known)}"
    )


def _waiting(due: Due, known: Known) -> str:
    candle = known.candles.get(due.horizon_minutes)
    if candle is not None:
        return f"the candle came at {_time(candle['seen_at'])}: one of the next batches writes it; {_held(due, known)}"
    until = _time(closes_at(due, known.lateness_minutes))
    return f"no candle yet; waits until the data's clock passes about {until}; {_held(due, known)}"


def _held(due: Due, known: Known) -> str:
    if known.held is None:
        return "from the watermark, because Spark's state could not be read"
    return "in Spark's state" if due.horizon_minutes in known.held else "not in Spark's state yet"


def _next_repair(known: Known) -> str:
    if not known.by_mongodb:
        return "the next repair prices it (when the last one ended is only known to MongoDB)"
    last = f"the last one ended at {_time(known.repaired_at)}" if known.repaired_at else "none has run yet"
    return f"the next repair prices it ({last}, machine's time)"


def _written(due: Due, known: Known) -> str:
    if due.horizon_minutes not in known.written:
        return "written to MongoDB, not to the lake yet"
    written = known.written[due.horizon_minutes]
    kept = "not kept any more" if known.by_mongodb else "only known with MongoDB"
    if written is None:
        return f"written by a batch or a repair; which one is {kept}"
    if written.batch is None:
        by = "the repair"
    elif written.report is None:
        by = f"batch {written.batch}, whose report is {kept}"
    else:
        by = f"batch {written.batch}, which began {_precisely(written.report.at)}: {_steps(written.report)}"
    return f"written by {by}; committed to the lake {_precisely(written.committed_at)} (machine's time)"


def _steps(report: Report) -> str:
    """How long each step took up to the row's being in both sinks; the compaction comes after that."""
    return ", ".join(f"{step} {seconds:.3f} s" for step, seconds in report.sinks.items() if step != "compact")


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _precisely(moment: datetime) -> str:
    return f"{_time(moment)}.{moment.microsecond // 1_000:03d}"
