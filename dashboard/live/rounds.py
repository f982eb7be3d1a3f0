"""The loops that tell: at each change, and some things at their own pace. They go on when the database is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Final

from pymongo.errors import PyMongoError

from dashboard.context import Context
from dashboard.live import tell
from newswake.errors import NewswakeError

log = logging.getLogger(__name__)

GATHER_SECONDS: Final = 0.05  # what is written together is told together
COINS_SECONDS: Final = 1.0
FORMING_SECONDS: Final = 2.0
HEALTH_SECONDS: Final = 5.0


async def at_each_change(context: Context) -> None:
    while True:
        found = await context.hub.changes()
        if not await _unless_away(tell.changes(context, found)):
            # The stream may go on as if nothing had been: then nothing else says that these changes were missed.
            context.hub.tell_to_ask_again(context.hub.topics())
        if found.minutes or found.posts:
            context.hub.stale_coins.set()
        await asyncio.sleep(GATHER_SECONDS)


async def of_coins(context: Context) -> None:
    """Tickers and holdings after a change, at most once a second."""
    while True:
        await context.hub.stale_coins.wait()
        context.hub.stale_coins.clear()
        if tell.has(context, "coins"):
            await _unless_away(tell.coins(context))
        if tell.has(context, "portfolio"):
            await _unless_away(tell.portfolio(context))
        await asyncio.sleep(COINS_SECONDS)


async def of_open_minutes(context: Context) -> None:
    while True:
        await _unless_away(tell.open_bars(context))
        await asyncio.sleep(FORMING_SECONDS)


async def of_health(context: Context) -> None:
    while True:
        if tell.has(context, "health"):
            await tell.state(context)
        await asyncio.sleep(HEALTH_SECONDS)


async def _unless_away(work: Awaitable[None]) -> bool:
    """Whether it was done: the database may be away, or take too long."""
    try:
        await work
        return True
    except (PyMongoError, NewswakeError) as error:
        log.info("a change was not told: %s", type(error).__name__)
        return False
