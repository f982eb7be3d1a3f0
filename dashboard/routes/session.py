"""What a page asks first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter
from pymongo.errors import PyMongoError

from dashboard.context import Here
from dashboard.models.session import Limits, Session, Tickers
from dashboard.moments import newest_close
from dashboard.reads import health, tickers
from dashboard.reads.candles import MINUTES
from dashboard.reads.coins import followed_coins
from newswake import __version__

router = APIRouter(tags=["session"])

MOST_CANDLES: Final = 5_000
MOST_POSTS: Final = 200
MOST_MARKERS: Final = 500


@router.get("/api/session")
async def session(context: Here) -> Session:
    """The token for writing, what can be chosen, the banners. Answers also when the database is away."""
    settings = context.settings
    found = await health.health(context)
    try:
        now, coins = await newest_close(context.tables), await followed_coins(context)
    except PyMongoError:
        now, coins = None, list(settings.candles.coins)
    return Session(
        token=context.token,
        version=__version__,
        source=health.source_kind(settings),
        exchange=settings.candles.exchange,
        quote=settings.candles.quote,
        coins=coins,
        horizons=list(settings.streaming.horizons_minutes),
        intervals=list(MINUTES),
        now=now,
        server_time=datetime.now(UTC),
        database=found.database,
        banners=found.banners,
        limits=Limits(
            max_period_days=settings.dashboard.max_period_days,
            max_candles=MOST_CANDLES,
            max_posts=MOST_POSTS,
            max_markers=MOST_MARKERS,
        ),
    )


@router.get("/api/coins")
async def coins(context: Here) -> Tickers:
    """Every followed coin: price, changes, volume, posts of 24 hours."""
    return await tickers.tickers(context)
