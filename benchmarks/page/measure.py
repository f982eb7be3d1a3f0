"""All figures of the page, one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pymongo import MongoClient

from benchmarks.page import browser, clients
from benchmarks.page.served import fill, running, served
from benchmarks.page.tables import make, minute
from benchmarks.speed import footprint
from benchmarks.speed.stand import Stand, stand
from newswake.clock import Clock, clock_from
from scripts.page import why_absent
from tests.conftest import free_ports


@dataclass(frozen=True)
class Found:
    """Seconds of each navigation and change; what the clients cost."""

    first_charts: list[float]
    changes: list[float]
    load: clients.Load

    def rows(self) -> list[Mapping[str, object]]:
        first, last = self.load.resident[0] / 1e6, self.load.resident[-1] / 1e6
        figures = {
            "navigation to the first candle": (browser.seconds(self.first_charts), "1,000 ms"),
            "change in MongoDB to pixels": (browser.seconds(self.changes), "300 ms"),
            "cores of the server": (f"{self.load.cores:.3f}", "0.5"),
            "resident memory, from start to end": (f"{first:,.0f} to {last:,.0f} MB", ""),
            "its growth behind the first fifth": (f"{self.load.growth_bytes / 1e6:+,.1f} MB", "flat"),
        }
        return [{"of": name, "figure": figure, "target": target} for name, (figure, target) in figures.items()]

    def series(self) -> dict[str, object]:
        return {"first": self.first_charts, "changes": self.changes, "resident": self.load.resident}


def measure(
    coins: int, candles: int, posts: int, many: int, runs: int, minutes: float, seed: int, say: Callable[[str], None]
) -> Found:
    """Raises `RuntimeError` where the page is not built or there is no Chromium."""
    if absent := why_absent():
        raise RuntimeError(f"the page is not there: {absent}")
    names = footprint.coins(coins)
    overrides = {
        "NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9",  # one of our own, so none is started
        "NEWSWAKE_CANDLES__COINS": json.dumps(names),
        "NEWSWAKE_DASHBOARD__PORT": str(free_ports(1)[0]),
        "NEWSWAKE_CANDLES__BASE_URL": "http://127.0.0.1:9",  # forming candles would be changes, too
    }
    with stand(**overrides) as place, _exchange(place) as (exchange, clock):
        settings, now = place.settings, minute(clock)
        fill(place, names, make(names, candles, posts, now, settings.streaming.horizons_minutes, seed))
        say(f"{candles:,} candles and {posts:,} posts are stored")
        with MongoClient[dict[str, Any]](settings.mongo.uri.get_secret_value(), tz_aware=True) as client:
            database = client[settings.mongo.database]
            with served(place) as (address, _), browser.chromium() as chromium:
                first = browser.first_charts(chromium, address, runs)
                say(f"first chart: {browser.seconds(first)}")
                changed = browser.changes(chromium, address, database["candles"], names[0], now, runs)
                say(f"change to pixels: {browser.seconds(changed)}")
            database["candles"].delete_many({"open_time": {"$gte": now}})
            asking = Stand(place.home, {**place.environ, "NEWSWAKE_CANDLES__BASE_URL": f"{exchange}/api/v3"})
            with served(asking) as (address, pid):
                load = clients.measure(pid, address, database, clock, names, many, minutes, say)
    return Found(first, changed, load)


@contextmanager
def _exchange(place: Stand) -> Iterator[tuple[str, Clock]]:
    """The simulator at the speed of life: its address and its clock, by which everything here goes."""
    port = place.settings.simulator.port
    with running(place, "producers", port, "simulate", "--speed", "1"):
        yield f"http://127.0.0.1:{port}", clock_from(f"http://127.0.0.1:{port}/clock")
