"""The loops that tell: at each change, and some things at their own pace. They go on when the database is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Final

from pymongo.errors import PyMongoError

from dashboard.context import Context
from dashboard.live import tell
from dashboard.surprises import Surprises
from newswake.errors import NewswakeError

log = logging.getLogger(__name__)
surprises = Surprises(log)

GATHER_SECONDS: Final = 0.05  # what is written together is told together
COINS_SECONDS: Final = 1.0
FORMING_SECONDS: Final = 2.0
HEALTH_SECONDS: Final = 5.0


async def at_each_change(context: Context) -> None:
    while True:
        found = await context.hub.changes()
        if not await _told(tell.changes(context, found)):
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
            await _told(tell.coins(context))
        if tell.has(context, "portfolio"):
            await _told(tell.portfolio(context))
        await asyncio.sleep(COINS_SECONDS)


async def of_open_minutes(context: Context) -> None:
    while True:
        await _told(tell.open_bars(context))
        await asyncio.sleep(FORMING_SECONDS)


async def of_health(context: Context) -> None:
    while True:
        if tell.has(context, "health"):
            await _told(tell.state(context))
        await asyncio.sleep(HEALTH_SECONDS)


async def _told(work: Awaitable[None]) -> bool:
    """False for what must be asked for.

    What is not told while the database is away is asked for again when it is back (`Hub.came_back`). A row that fits
    nothing, whoever wrote it, ends no loop: the page goes on with all the others.
    """
    try:
        await work
    except (PyMongoError, NewswakeError) as error:
        log.info("a change was not told: %s", type(error).__name__)
        return False
    except Exception as error:  # noqa: BLE001
        surprises.tell("a change could not be told", error)
        return False
    return True
