"""Candles of any interval, made from the minutes by MongoDB. A bar without minutes is absent: gaps stay gaps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from dashboard.database import Document, Tables
from dashboard.models.candles import Bar, Bars
from dashboard.moments import MINUTE
from newswake.clock import from_ms, to_ms
from newswake.settings import Candles as Market

# Later than any candle.
LATEST: Final = datetime.fromisoformat("9000-01-01T00:00:00+00:00")
MINUTES: Final = {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "4h": 240, "1d": 1440}


def of_market(market: Market, coin: str | None = None) -> dict[str, Any]:
    """The condition for candles of our exchange and quote, of one coin or all."""
    return {**({"symbol": coin} if coin else {}), "exchange": market.exchange, "quote": market.quote}


def bar_open(moment: datetime, minutes: int) -> datetime:
    """The opening of the bar that holds a moment; bars are counted from midnight UTC.

    >>> bar_open(datetime.fromisoformat("2025-01-01T07:59:30Z"), 240).isoformat()
    '2025-01-01T04:00:00+00:00'
    """
    size = minutes * 60_000
    return from_ms(to_ms(moment) // size * size)


async def bars(
    tables: Tables, market: Market, coin: str, minutes: int, start: datetime, end: datetime, most: int
) -> list[Bar]:
    """The bars of the minutes that open from `start` to before `end`, oldest first, at most `most`."""
    where = {**of_market(market, coin), "open_time": {"$gte": start, "$lt": end}}
    rows = await tables.aggregate("candles", _stages(where, minutes), limit=most)
    return [_bar(row) for row in rows]


def _stages(where: dict[str, Any], minutes: int) -> list[dict[str, Any]]:
    opening: Any = "$open_time"
    if minutes > 1:  # counted from 2000-01-01 00:00, which every interval of ours divides
        opening = {"$dateTrunc": {"date": "$open_time", "unit": "minute", "binSize": minutes}}
    return [
        {"$match": where},
        {"$sort": {"open_time": 1}},
        {
            "$group": {
                "_id": opening,
                "open": {"$first": "$open"},
                "high": {"$max": "$high"},
                "low": {"$min": "$low"},
                "close": {"$last": "$close"},
                "volume": {"$sum": "$volume"},
                "minutes": {"$sum": 1},
                "filled": {"$sum": {"$cond": ["$filled", 1, 0]}},
            }
        },
        {"$sort": {"_id": 1}},
    ]


def _bar(row: Document) -> Bar:
    return Bar(time=to_ms(row.pop("_id")), forming=False, **row)


async def newest_before(tables: Tables, market: Market, coin: str, before: datetime) -> datetime | None:
    """When the newest minute before a moment opens; None where there is none."""
    where = {**of_market(market, coin), "open_time": {"$lt": before}}
    found = await tables.one("candles", where, fields=["open_time"], sort=[("open_time", -1)])
    return found["open_time"] if found else None


async def page_of_bars(
    tables: Tables, market: Market, coin: str, minutes: int, until: datetime | None, limit: int
) -> tuple[list[Bar], datetime | None]:
    """The bars of the `limit` intervals that end with the newest minute before `until`, and where the older ones end.

    A gap longer than a page is skipped: each page ends with a bar.
    """
    newest = await newest_before(tables, market, coin, until or LATEST)
    if newest is None:
        return [], None
    end = bar_open(newest, minutes) + minutes * MINUTE
    start = end - limit * timedelta(minutes=minutes)
    found = await bars(tables, market, coin, minutes, start, min(end, until) if until else end, limit)
    older = await newest_before(tables, market, coin, start)
    return found, start if older is not None else None


def columns(rows: Sequence[Bar]) -> Bars:
    return Bars(**{name: [getattr(row, name) for row in rows] for name in Bars.model_fields})


def joined(parts: Sequence[Bar], time: int, forming: bool) -> Bar:
    """One bar of parts that follow each other in time."""
    return Bar(
        time=time,
        open=parts[0].open,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        close=parts[-1].close,
        volume=sum(part.volume for part in parts),
        minutes=sum(part.minutes for part in parts),
        filled=sum(part.filled for part in parts),
        forming=forming,
    )
