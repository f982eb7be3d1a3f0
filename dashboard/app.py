"""The application: routes, guard, and what runs beside them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from dashboard import describe, pages, refusals
from dashboard.alerts.engine import Engine
from dashboard.context import Context
from dashboard.database import AWAY_MS, SOCKET_MARGIN_MS, Tables
from dashboard.forming import OpenMinutes
from dashboard.guard import Guard
from dashboard.headers import SafeHeaders
from dashboard.heavy import Heavy
from dashboard.held import Held
from dashboard.lake import LakeTables
from dashboard.live import rounds, stream
from dashboard.live.hub import Hub
from dashboard.models.error import Refusal
from dashboard.reads.usual import UsualMoves
from dashboard.routes import alerts, candles, exports, followed, health, live, portfolio, posts, session, statistics
from newswake import __version__
from newswake.mongo import async_client, client
from newswake.settings import Settings

log = logging.getLogger(__name__)

ALERTS_STOP_SECONDS = 2.0
CANCEL_AGAIN_SECONDS = 0.5
ROUTES = (session, candles, posts, statistics, health, followed, portfolio, alerts, exports, live)
REFUSALS = {
    403: "from another site, or without the token",
    404: "not there",
    409: "contradicts what is there",
    422: "a parameter or a field does not fit",
    503: "the database is away, or the server is busy; see Retry-After",
    504: "took too long; ask for less",
}


def create_app(settings: Settings, on_failure: Callable[[], None] = lambda: None, built: Path = pages.BUILT) -> FastAPI:
    """The application over the tables that the settings name. `on_failure`: what to do when a loop of it fails.

    `built` is the folder of the built front end. Raises `SettingsError` for settings that cannot be used.
    """
    context = make_context(settings)
    app = FastAPI(
        title="newswake",
        summary="What news does to coins, seen as it happens",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lambda app: _running(context, on_failure),
        responses={status: {"model": Refusal, "description": words} for status, words in REFUSALS.items()},
    )
    app.state.context = context
    refusals.install(app)
    for module in ROUTES:
        app.include_router(module.router)
    describe.install(app)
    pages.install(app, built)
    app.add_middleware(Guard, token=context.token, names=settings.dashboard.names)
    app.add_middleware(SafeHeaders)
    return app


def make_context(settings: Settings) -> Context:
    milliseconds = round(settings.dashboard.query_seconds * 1_000)
    database = async_client(settings.mongo, AWAY_MS, milliseconds + SOCKET_MARGIN_MS)[settings.mongo.database]
    tables = Tables(database, milliseconds)
    return Context(
        settings=settings,
        tables=tables,
        database=client(settings.mongo, AWAY_MS)[settings.mongo.database],
        lake=LakeTables(settings.lake_path),
        open_minutes=OpenMinutes(settings.candles),
        usual=UsualMoves(tables, settings.candles, settings.streaming.horizons_minutes),
        hub=Hub(),
        heavy=Heavy(),
        wakes=Held(),
    )


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel the tasks until they have ended.

    Once is not enough: the database's driver may take a cancellation for a failure of the network, after which a loop
    goes on as after any other.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_SECONDS)


@asynccontextmanager
async def _running(context: Context, on_failure: Callable[[], None]) -> AsyncIterator[None]:
    loops = [
        stream.follow(context.tables.database, context.hub, context.settings.candles),
        rounds.at_each_change(context),
        rounds.of_coins(context),
        rounds.of_open_minutes(context),
        rounds.of_health(context),
    ]
    tasks = [asyncio.create_task(loop) for loop in loops]

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a loop of the page failed", exc_info=error)
            on_failure()

    for task in tasks:
        task.add_done_callback(ended)
    engine = Engine(context.database, context.settings)
    engine.start()
    try:
        yield
    finally:
        await asyncio.to_thread(engine.close, ALERTS_STOP_SECONDS)
        await end(tasks)
        await context.tables.database.client.close()
        context.database.client.close()
