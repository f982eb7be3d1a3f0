"""The frames that the statistics take: the columns of the tables that they read, and the period that they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import polars as pl

from newswake.messages import VOTE_KINDS

Schema = Mapping[str, pl.DataType]

TIME: Final = pl.Datetime("us", "UTC")
VOTES: Final = pl.Struct({kind: pl.Int64() for kind in VOTE_KINDS})

CANDLES: Final[Schema] = {
    "symbol": pl.String(),
    "open_time": TIME,
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Float64(),
    "filled": pl.Boolean(),
}
OBSERVATIONS: Final[Schema] = {
    "source": pl.String(),
    "post_id": pl.String(),
    "title": pl.String(),
    "domain": pl.String(),
    "published_at": TIME,
    "seen_at": TIME,
    "hot": pl.Boolean(),
    "currencies": pl.List(pl.String()),
    "votes": VOTES,
}
POST_PRICES: Final[Schema] = {
    "source": pl.String(),
    "post_id": pl.String(),
    "symbol": pl.String(),
    "horizon_minutes": pl.Int32(),
    "published_at": TIME,
    "price": pl.Float64(),
}
COVERAGE: Final[Schema] = {
    "source": pl.String(),
    "polled_at": TIME,
    "ok": pl.Boolean(),
    "gap_seconds": pl.Float64(),
    "covered_from": TIME,
    "covered_until": TIME,
}


@dataclass(frozen=True)
class Period:
    """From after `since` up to and including `until`, as in the view `hot_last_hour`.

    A post is in it by its publication, a candle by its close. Raises `ValueError` for times without a zone, or a
    `since` that is not before `until`.
    """

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or self.until.tzinfo is None:
            raise ValueError("a period needs times with a zone")
        if self.since >= self.until:
            raise ValueError(f"a period must begin before it ends, was {self.since} to {self.until}")

    def holds(self, column: str) -> pl.Expr:
        """Whether the time in `column` is in the period."""
        return (pl.col(column) > utc(self.since)) & (pl.col(column) <= utc(self.until))


def utc(moment: datetime) -> datetime:
    """The same moment in UTC: Polars compares only times of one zone."""
    return moment.astimezone(UTC)


def taken(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """The columns of `schema`, in its order and types; a column that is null throughout may have any type.

    Raises `ValueError` that names a column which is lacking or is a time without the zone UTC, and
    `polars.exceptions.InvalidOperationError` for values that do not fit.
    """
    lacking = [name for name in schema if name not in frame.columns]
    if lacking:
        raise ValueError(f"expected the columns {', '.join(schema)}; {', '.join(lacking)} lacking")
    for name, kind in schema.items():
        given = frame.schema[name]
        if isinstance(kind, pl.Datetime) and isinstance(given, pl.Datetime) and given.time_zone != "UTC":
            raise ValueError(f"expected {name} in the zone UTC, was {given.time_zone}")
    return frame.select(pl.col(name).cast(kind) for name, kind in schema.items())


def empty(schema: Schema) -> pl.DataFrame:
    """A frame of `schema` without rows."""
    return pl.DataFrame(schema=dict(schema))


def minutes_of(frame: pl.DataFrame) -> pl.DataFrame:
    """Candles of one market, by symbol and time. Raises `ValueError` where a symbol has a minute twice."""
    candles = taken(frame, CANDLES).sort("symbol", "open_time")
    repeated = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in ("symbol", "open_time"))
    if candles.select(repeated.any()).item():
        raise ValueError("a symbol has a minute twice: choose the candles of one exchange, quote and interval")
    return candles
