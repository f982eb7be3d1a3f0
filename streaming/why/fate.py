"""What became of each price that a post is owed, from what is known of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

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
class Known:
    """What is known of one post and coin.

    `rows` (of `post_prices`) and `candles` are documents of MongoDB, by horizon. `watermark` is that of the newest
    committed batch, `now` the data's time, `held` the horizons that Spark's state holds (None: it could not be read),
    `repaired_at` when the last repair ended.
    """

    first_seen_at: datetime
    rows: Mapping[int, Document]
    candles: Mapping[int, Document]
    watermark: datetime | None
    now: datetime | None
    lateness_minutes: int
    held: frozenset[int] | None
    repaired_at: datetime | None


@dataclass(frozen=True)
class Fate:
    due: Due
    outcome: Outcome
    says: str


def fate_of(due: Due, known: Known) -> Fate:
    """The outcome of one horizon. The order of the questions is the way that a row takes."""
    row = known.rows.get(due.horizon_minutes)
    if row is not None and row["price"] is not None:
        return Fate(due, Outcome.PRICED, _priced(row, known.candles.get(due.horizon_minutes)))
    if row is not None:
        return Fate(due, Outcome.NO_CANDLE, _no_candle(known.candles.get(due.horizon_minutes), known))
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
    if candle is not None:
        parts.append(f"candle seen {_time(candle['seen_at'])}")
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
    last = f"the last one ended at {_time(known.repaired_at)}" if known.repaired_at else "none has run yet"
    return f"the next repair prices it ({last}, machine's time)"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
