"""The bar that holds the open minute: what is stored of it, and what the exchange says of the minutes since."""

from __future__ import annotations

from dashboard.context import Context
from dashboard.models.candles import Bar
from dashboard.moments import MINUTE
from dashboard.reads.candles import LATEST, bar_open, bars, joined, newest_before
from newswake.clock import from_ms, to_ms


async def bar(context: Context, coin: str, minutes: int) -> Bar | None:
    """None where the exchange does not say, or knows nothing newer than what is stored."""
    market = context.settings.candles
    newest = await newest_before(context.tables, market, coin, LATEST)
    if newest is None:
        return None
    open_minutes = await context.open_minutes.after(coin, newest + MINUTE)
    if not open_minutes:
        return None
    opened = bar_open(from_ms(open_minutes[-1].time), minutes)
    closed = await bars(context.tables, market, coin, 1, opened, newest + MINUTE, minutes)
    within = [one for one in open_minutes if one.time >= to_ms(opened)]
    return joined([*closed, *within], to_ms(opened), forming=True)
