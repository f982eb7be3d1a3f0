"""The page's server over a generated week, in the test's own process: requests come without a socket."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from pymongo import MongoClient

from dashboard.app import create_app
from dashboard.context import Context
from dashboard.guard import TOKEN_HEADER
from newswake.home import SIMULATED, mark_home
from newswake.settings import Settings
from newswake.settings_sources import resolve
from scripts.services import start, stop
from scripts.supervision import wait_until
from streaming.mongo_setup import ensure
from tests.conftest import Services, free_ports
from tests.integration.dashboard.tables import COINS, Tables, make_tables, write

BASE = "http://127.0.0.1:8080"
LIVE = "ws://127.0.0.1:8080/api/live"


@dataclass(frozen=True)
class Stored:
    """The tables, and the settings of the database and the lake that hold them."""

    tables: Tables
    settings: Settings


def settings_of(services: Services, home: Path) -> Settings:
    """A database of its own, a home of its own; nobody listens where the exchange should be."""
    environ = {
        "NEWSWAKE_HOME": str(home),
        "NEWSWAKE_CONF": services.environ["NEWSWAKE_CONF"],
        "NEWSWAKE_MONGO__URI": services.mongo_uri,
        "NEWSWAKE_MONGO__DATABASE": f"page-{uuid.uuid4().hex[:12]}",
        "NEWSWAKE_CANDLES__COINS": ",".join(COINS),
        "NEWSWAKE_CANDLES__BASE_URL": "http://127.0.0.1:9/api/v3",
    }
    return resolve(environ=environ).settings


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """Only a mongod: the page knows of no broker, and these tests need no Java."""
    home = Path(tempfile.mkdtemp(prefix="newswake-"))
    environ = {
        "NEWSWAKE_HOME": str(home),
        "NEWSWAKE_CONF": os.environ["NEWSWAKE_CONF"],
        "NEWSWAKE_LOCAL__MONGO_PORT": str(free_ports(1)[0]),
        "NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9",  # one of our own, so none is started
    }
    try:
        settings = start({**os.environ, **environ}, say=lambda line: None, tethered=True)
        yield Services(home, settings, environ)
    finally:
        stop(home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def stored(services: Services) -> Iterator[Stored]:
    """Shared: a test that writes takes `empty`."""
    home = Path(tempfile.mkdtemp(prefix="newswake-page-"))
    settings = settings_of(services, home)
    mark_home(home, SIMULATED)
    tables = make_tables(settings.streaming.horizons_minutes)
    with MongoClient[dict[str, object]](services.mongo_uri, tz_aware=True) as client:
        database = client[settings.mongo.database]
        ensure(database, COINS)
        write(tables, database, settings)
        yield Stored(tables, settings)
        client.drop_database(settings.mongo.database)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def page(stored: Stored) -> Iterator[TestClient]:
    """The server over the shared tables; a client that may write."""
    with serving(stored.settings) as client:
        yield client


@pytest.fixture
def empty(services: Services, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a database with the collections, and nothing in them."""
    settings = settings_of(services, tmp_path / "home")
    with MongoClient[dict[str, object]](services.mongo_uri) as client:
        ensure(client[settings.mongo.database], COINS)
        yield settings
        client.drop_database(settings.mongo.database)


@contextmanager
def listening_server(settings: Settings) -> Iterator[tuple[str, Context]]:
    """The server on a port of 127.0.0.1, in a thread; its address, and what it holds."""
    app = create_app(settings)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        try:
            assert wait_until(lambda: server.started, 30.0, step_seconds=0.05)
            yield f"http://127.0.0.1:{bound.getsockname()[1]}", app.state.context
        finally:
            server.should_exit = True
            thread.join()


def serving(settings: Settings) -> TestClient:
    """To be entered; it then answers as a browser's page would be answered."""
    app = create_app(settings)
    headers = {TOKEN_HEADER: app.state.context.token}
    return TestClient(app, base_url=BASE, headers=headers, raise_server_exceptions=False)
