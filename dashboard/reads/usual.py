"""How far a coin usually moves, held for a while: the colours of many posts need the same few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import anyio
import polars as pl

from analysis.frames import CANDLES, empty
from analysis.usual import DAYS, UsualMove, usual_moves
from dashboard.database import Tables
from dashboard.models.posts import Tone
from dashboard.moments import DAY, MINUTE
from dashboard.reads.candles import bar_open, of_market
from newswake.settings import Candles as Market

HELD_MINUTES: Final = 360
MOST_HELD: Final = 2_000


class UsualMoves:
    """The median absolute return of a coin over a horizon, in the 7 days before the last quarter of a day."""

    def __init__(self, tables: Tables, market: Market, horizons: Sequence[int]) -> None:
        self._tables = tables
        self._market = market
        self._horizons = horizons
        self._held: dict[tuple[str, int, datetime], float | None] = {}

    async def of(self, coin: str, horizon: int, now: datetime) -> float | None:
        """None where there are no candles to tell."""
        at = bar_open(now, HELD_MINUTES)
        key = (coin, horizon, at)
        if key not in self._held:
            if len(self._held) >= MOST_HELD:
                self._held.clear()
            # All horizons that may be asked for next are told by the same candles.
            for found in await usual_at(self._tables, self._market, coin, at, sorted({horizon, *self._horizons})):
                self._held[coin, found.horizon_minutes, at] = found.move
        return self._held[key]


async def usual_at(
    tables: Tables, market: Market, coin: str, at: datetime, horizons: Sequence[int]
) -> tuple[UsualMove, ...]:
    """As known at a moment: nothing that came after it is in it."""
    minute = bar_open(at, 1)
    # The first of its closes is that of the minute before the 7 days.
    where = {**of_market(market, coin), "open_time": {"$gte": minute - DAYS * DAY - MINUTE, "$lt": minute}}
    rows = await tables.find("candles", where, fields=["open_time", "close"], limit=DAYS * 1440 + 1)
    frame = frame_of(coin, rows)
    return await anyio.to_thread.run_sync(usual_moves, frame, coin, at, tuple(horizons))


def frame_of(coin: str, rows: Sequence[dict[str, object]]) -> pl.DataFrame:
    """Closes of one coin as a frame of candles; what was not read is null."""
    if not rows:
        return empty(CANDLES)
    known = pl.DataFrame(rows, schema={name: CANDLES[name] for name in ("open_time", "close")})
    return (
        pl.DataFrame({"symbol": [coin] * len(rows)})
        .hstack(known)
        .select(
            pl.col(name) if name in ("symbol", "open_time", "close") else pl.lit(None, kind).alias(name)
            for name, kind in CANDLES.items()
        )
    )


def tone_of(change: float | None, status: str | None, usual: float | None) -> Tone:
    """The colour of a return: beyond half of the usual move it is up or down.

    >>> tone_of(0.01, "exact", 0.004), tone_of(-0.001, "exact", 0.004), tone_of(None, None, 0.004)
    ('up', 'flat', 'open')
    """
    if change is None:
        return "missing" if status == "missing" else "open"
    if abs(change) < (usual or 0.0) / 2 or change == 0:
        return "flat"
    return "up" if change > 0 else "down"
