"""The real server over generated tables, and a headless Chromium that looks at it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from newswake.settings_sources import resolve
from newswake.tether import die_with_parent
from scripts import page as built
from scripts.supervision import wait_until
from tests.conftest import ROOT, Services, free_ports
from tests.page import seed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
COINS = ("BTC", "ETH", "PEPE")
START_SECONDS = 60.0
PATIENCE_MS = 20_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@dataclass
class Server:
    """The page's server as a process of its own. It can be stopped and started again on the same port."""

    port: int
    environ: dict[str, str]
    database: Database[dict[str, Any]]
    market: seed.Market
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        parent = os.getpid()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dashboard"],
                cwd=ROOT,
                env={**os.environ, **self.environ},
                stdout=log,
                stderr=log,
                preexec_fn=lambda: die_with_parent(parent),
            )
        if not wait_until(self._answers, START_SECONDS):
            pytest.fail(f"the page's server does not answer: {self.log.read_text(encoding='utf-8')[-2_000:]}")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)

    def leads(self, symbol: str) -> bool:
        """Whether the newest minute of all is this coin's alone."""
        minutes = [self.database["candles"].find_one({"symbol": one}, sort=[("open_time", -1)]) for one in COINS]
        newest = {one: minute["open_time"] for one, minute in zip(COINS, minutes, strict=True) if minute}
        return all(newest[symbol] > time for one, time in newest.items() if one != symbol)

    def next_minute(self, symbol: str, close: float) -> None:
        """The minute after the newest of a coin closes at this price."""
        last = self.database["candles"].find_one({"symbol": symbol}, sort=[("open_time", -1)])
        assert last is not None
        low, high = sorted((last["close"], close))
        row = seed.candle(symbol, last["open_time"] + seed.MINUTE, last["close"], high, low, close, volume=5.0)
        self.database["candles"].insert_one({"_id": seed.candle_id(row), **row})


@pytest.fixture(scope="session")
def server(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Three coins and 160 posts of three days, the newest minute closed a moment ago."""
    name, home, port = f"page-{uuid.uuid4().hex[:12]}", tmp_path_factory.mktemp("page"), free_ports(1)[0]
    environ = {
        "NEWSWAKE_HOME": str(home),
        "NEWSWAKE_CONF": os.environ["NEWSWAKE_CONF"],
        "NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS": services.bootstrap_servers,
        "NEWSWAKE_MONGO__URI": services.mongo_uri,
        "NEWSWAKE_MONGO__DATABASE": name,
        "NEWSWAKE_DASHBOARD__PORT": str(port),
        "NEWSWAKE_CANDLES__COINS": json.dumps(COINS),
        "NEWSWAKE_CANDLES__BASE_URL": "http://127.0.0.1:9",  # no exchange is asked for the open minute
    }
    settings = resolve(environ=environ).settings
    with MongoClient[dict[str, Any]](services.mongo_uri, tz_aware=True) as client:
        database = client[name]
        market = seed.market(seed.this_minute(), settings.streaming.horizons_minutes)
        seed.fill(database, settings, market)
        server = Server(port, environ, database, market, home / "server.log")
        server.start()
        try:
            yield server
        finally:
            server.stop()
            client.drop_database(name)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Skips where there is no Chromium, or where the page is not built.

    Playwright keeps an event loop running in this thread: it goes before tests that want one of their own.
    """
    program = os.environ.get("NEWSWAKE_TEST_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        pytest.skip("there is no Chromium on the PATH (NEWSWAKE_TEST_CHROMIUM may name one)")
    if absent := built.why_absent():
        pytest.skip(f"the page is not there: {absent}")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visit:
    """One page of a browser, and what its console complained about."""

    page: Page
    context: BrowserContext
    complaints: list[str]

    def see(self, address: str) -> Page:
        """Go there and wait until nothing is loading any more."""
        from playwright.sync_api import expect

        self.page.goto(address)
        self.page.wait_for_selector("main h1")
        expect(self.page.locator(".loading")).to_have_count(0)
        return self.page


Visitor = Callable[..., Visit]


@pytest.fixture
def visitor(browser: Browser, server: Server) -> Iterator[Visitor]:
    """Opens a browser's window onto the server; what a script complained about fails the test."""
    visits: list[Visit] = []

    def visit(**options: Any) -> Visit:
        options = {"viewport": DESKTOP, "color_scheme": "dark", **options}
        context = browser.new_context(base_url=server.address, **options)
        context.set_default_timeout(PATIENCE_MS)
        visit = Visit(context.new_page(), context, [])
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on(
            "console",
            lambda message: visit.complaints.append(message.text) if "Content Security" in message.text else None,
        )
        visits.append(visit)
        return visit

    yield visit
    for visit_ in visits:
        visit_.context.close()
    assert [complaint for visit_ in visits for complaint in visit_.complaints] == []
