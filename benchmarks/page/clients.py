"""What many readers cost: the server's cores and memory while each minute closes for every coin."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database
from websockets.asyncio.client import connect

from benchmarks.page.tables import candle, minute
from benchmarks.speed.usage import sample, tree
from newswake.clock import Clock
from tests.integration.dashboard.tables import candle_document
from tests.worlds.world import MINUTE, SOURCE

LOOK_SECONDS = 5.0
POST_SECONDS = 15.0  # between new posts; each time some older ones get votes
VOTED = 5
TOPICS = ("coins", "health", "followed", "posts:60")  # those of a page with a chart, beside its candles


@dataclass(frozen=True)
class Load:
    """`cores` on average; `resident` bytes at each look, from the first to the last; messages to all clients."""

    cores: float
    resident: list[int]
    messages: int

    @property
    def growth_bytes(self) -> float:
        """From the second fifth of the looks to the last one: at the start everything is read for the first time."""
        part = max(1, len(self.resident) // 5)
        early, late = self.resident[part : 2 * part] or self.resident[:1], self.resident[-part:]
        return sum(late) / len(late) - sum(early) / len(early)


def measure(
    pid: int, address: str, database: Database[dict[str, Any]], clock: Clock, coins: Sequence[str], clients: int,
    minutes: float, say: Callable[[str], None],
) -> Load:  # fmt: skip
    """`clients` pages, each with the candles of another coin; what they are told is thrown away."""
    with _listening(address, coins, clients) as heard, _market(database, clock, coins):
        began, before = time.monotonic(), _cpu(pid)
        resident = []
        while time.monotonic() - began < minutes * 60:
            threading.Event().wait(LOOK_SECONDS)
            resident.append(sum(one.resident_bytes for one in sample(tree(pid)).values()))
            if len(resident) % 12 == 0:
                say(f"{time.monotonic() - began:.0f} s: {resident[-1] / 1e6:,.0f} MB, {heard[0]:,} messages")
        took = time.monotonic() - began
        return Load((_cpu(pid) - before) / took, resident, heard[0])


def _cpu(pid: int) -> float:
    return sum(one.cpu_seconds for one in sample(tree(pid)).values())


@contextmanager
def _listening(address: str, coins: Sequence[str], clients: int) -> Iterator[list[int]]:
    """Yields the number of messages so far, once all are connected. Raises what broke a connection, at the end."""
    heard, ready, ended = [0], threading.Semaphore(0), threading.Event()
    failures: list[BaseException] = []

    async def client(coin: str) -> None:
        async with connect(f"ws{address[4:]}/api/live") as socket:
            await socket.send(json.dumps({"op": "subscribe", "topics": [f"candles:{coin}:1m", *TOPICS]}))
            ready.release()
            while not ended.is_set():
                await socket.recv()
                heard[0] += 1

    async def everybody() -> None:
        tasks = (client(coins[at % len(coins)]) for at in range(clients))
        failures.extend(one for one in await asyncio.gather(*tasks, return_exceptions=True) if one is not None)
        ready.release(clients)  # who waits for clients that never came

    thread = threading.Thread(target=asyncio.run, args=(everybody(),), daemon=True)
    thread.start()
    for _ in range(clients):
        ready.acquire()
    try:
        yield heard
    finally:
        ended.set()
        thread.join()
    if failures:
        raise failures[0]


@contextmanager
def _market(database: Database[dict[str, Any]], clock: Clock, coins: Sequence[str]) -> Iterator[None]:
    """Each minute its candles as it closes, all coins together as a batch writes them; now and then posts and votes."""
    ended = threading.Event()

    def go_on() -> None:
        closed, posted, number = minute(clock), time.monotonic(), 0
        while not ended.wait(0.2):
            if minute(clock) > closed:
                rows = [candle(coin, closed, 100.0 + number % 7) for coin in coins]
                database["candles"].insert_many([candle_document(row) for row in rows])
                closed += MINUTE
            if time.monotonic() - posted > POST_SECONDS:
                posted, number = time.monotonic(), number + 1
                _post(database, number, coins[number % len(coins)], closed + timedelta(seconds=number % 60))

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _post(database: Database[dict[str, Any]], number: int, coin: str, published: datetime) -> None:
    posts = database["posts"]
    like = posts.find_one({"source": SOURCE})
    assert like is not None
    times = dict.fromkeys(("published_at", "seen_at", "first_seen_at"), published)
    posts.insert_one(
        {**like, **times, "_id": f"bench:{number}", "source": "bench", "post_id": str(number), "currencies": [coin]}
    )
    for one in posts.find({"source": SOURCE}, sort=[("published_at", -1)], limit=VOTED):
        posts.update_one({"_id": one["_id"]}, {"$inc": {"votes.positive": 1}})
