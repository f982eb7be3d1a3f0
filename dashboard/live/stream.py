"""The change stream of the database, opened again as often as it breaks."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from bson.errors import BSONError
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from dashboard.live.hub import Hub
from newswake.followed import COLLECTION as FOLLOWED
from newswake.settings import Candles as Market

log = logging.getLogger(__name__)

WATCHED: Final = ("candles", "posts", "post_prices", FOLLOWED)
LOOK_MS: Final = 1_000  # how long the server holds an answer back while nothing changes
PAUSE_SECONDS: Final = 1.0


def pipeline(market: Market) -> list[dict[str, Any]]:
    """Only what the hub needs of a change: a backfill has hundreds of thousands of them."""
    other_market = {
        "ns.coll": "candles",
        "$or": [{"fullDocument.exchange": {"$ne": market.exchange}}, {"fullDocument.quote": {"$ne": market.quote}}],
    }
    return [
        {
            "$match": {
                "ns.coll": {"$in": list(WATCHED)},
                "operationType": {"$in": ["insert", "replace", "update"]},
                "$nor": [other_market],
            }
        },
        {
            "$project": {
                "operationType": 1,
                "ns": 1,
                "documentKey": 1,
                **{f"fullDocument.{name}": 1 for name in ("symbol", "open_time", "source", "post_id")},
            }
        },
    ]


async def follow(database: AsyncDatabase[dict[str, Any]], hub: Hub, market: Market) -> None:
    """Note every change in the hub, for ever. A stream that broke is not resumed: everybody is told to ask again."""
    while True:
        try:
            async with await database.watch(pipeline(market), max_await_time_ms=LOOK_MS, batch_size=1_000) as stream:
                hub.came_back()
                while stream.alive:
                    event = await stream.try_next()
                    if event is not None:
                        hub.note(dict(event))
        except (PyMongoError, BSONError) as error:  # BSON knows times that Python does not
            if hub.database == "up":
                log.warning("the changes of the database cannot be followed: %s", type(error).__name__)
            hub.went_away()
        await asyncio.sleep(PAUSE_SECONDS)
