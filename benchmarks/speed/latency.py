"""How soon: from the message in Kafka that completes a horizon to the row in MongoDB, seen through a change stream.

The whole application runs. Each tick is a minute of the market: the candle of that minute of every coin, a page each,
and some posts that were published in it, whose horizons later ticks complete. The price at publication is that of the
minute before, whose page is there already: these rows wait for their post.
"""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from benchmarks.speed.application import QUERIES, reports
from benchmarks.speed.load import SOURCE, Post, observation, symbol
from benchmarks.speed.stand import Stand
from newswake.clock import to_ms
from newswake.kafka import ensure_topics
from newswake.messages import HOUR_MS, MINUTE_MS, CandlePage, Heartbeat
from producers.publisher import Publisher
from scripts.places import ROOT

START_SECONDS = 900.0
POSTS_A_TICK = 5


@dataclass(frozen=True)
class Latency:
    """Seconds per row, in the order in which the rows became visible; milliseconds of each phase per batch of a query.

    The phases of `addBatch` are those of writing, named "addBatch/step".
    """

    seconds: list[float]
    phases: dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Published:
    """When messages were handed over, in seconds since the epoch: pages by coin and minute, posts by their id.

    Before, not after: what the client takes counts as well.
    """

    pages: dict[tuple[str, int], float] = field(default_factory=dict)
    posts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """A row as it became visible: its coin, the open time of its candle, its post, seconds since the epoch."""

    symbol: str
    minute: int
    post_id: str
    at: float

    def completed(self, published: Published) -> float:
        """When the later of its page and its post was handed over."""
        return max(published.pages[self.symbol, self.minute], published.posts[self.post_id])


class Watch(threading.Thread):
    """Notes when rows became visible."""

    def __init__(self, stand: Stand) -> None:
        super().__init__(daemon=True)
        mongo = stand.settings.mongo
        self._client = MongoClient[dict[str, Any]](mongo.uri.get_secret_value(), tz_aware=True)
        self._stream = self._client[mongo.database]["post_prices"].watch(max_await_time_ms=200)
        self.seen: list[Seen] = []
        self.failed: PyMongoError | None = None
        self._ended = threading.Event()

    def run(self) -> None:
        try:
            while not self._ended.is_set():
                change = self._stream.try_next()
                if change is not None:
                    row = change["fullDocument"]
                    minute = to_ms(row["target_time"]) - MINUTE_MS
                    self.seen.append(Seen(row["symbol"], minute, row["post_id"], time.time()))
        except PyMongoError as error:
            self.failed = error

    def end(self) -> None:
        self._ended.set()
        self.join()
        self._stream.close()
        self._client.close()
        if self.failed is not None:
            raise self.failed


def measure(
    stand: Stand, coins: int, ticks: int, warm_up: int, tick_seconds: float, say: Callable[[str], None]
) -> Latency:
    """Rows that were complete in the first `warm_up` ticks are not counted."""
    settings = stand.settings
    ensure_topics(settings.kafka)
    first = to_ms(datetime.now(UTC)) // HOUR_MS * HOUR_MS - (ticks + warm_up + 60) // 60 * HOUR_MS
    command = [sys.executable, "-m", "scripts.submit", "--quick-start", "--master", "local[2]"]
    with _log(stand).open("w") as log:
        application = subprocess.Popen(command, env=dict(stand.environ), cwd=ROOT, stdout=log, stderr=log)
    published, counted_from = Published(), math.inf
    try:
        with Publisher(settings.kafka) as publisher:
            _tick(publisher, stand, coins, first, -1, published)
            _wait_for_rows(stand, application)
            watch = Watch(stand)
            watch.start()
            for number in range(warm_up + ticks):
                begun = time.monotonic()
                if number == warm_up:
                    counted_from = time.time()
                _tick(publisher, stand, coins, first, number, published)
                threading.Event().wait(max(0.0, tick_seconds - (time.monotonic() - begun)))
            _wait_until_quiet(watch, 5 * max(tick_seconds, 2.0))
        watch.end()
    finally:
        application.terminate()
        application.wait()
    say(f"{len(watch.seen)} rows became visible")
    complete = [(row.completed(published), row.at) for row in watch.seen]
    seconds = [at - since for since, at in complete if since >= counted_from]
    return Latency(seconds, {query: _phases(stand, query) for query in QUERIES})


def _phases(stand: Stand, query: str) -> dict[str, list[float]]:
    """Of the later half of the batches that had rows, which a compiler no longer slows."""
    batches = [report for report in reports(stand, query) if report["numInputRows"]]
    phases: dict[str, list[float]] = {}
    for report in batches[len(batches) // 2 :]:
        steps = {f"addBatch/{step}": value for step, value in report["sinkMs"].items()}
        for name, milliseconds in {**report["durationMs"], **steps}.items():
            phases.setdefault(name, []).append(milliseconds)
    return phases


def _tick(publisher: Publisher, stand: Stand, coins: int, first: int, number: int, published: Published) -> None:
    """Minute `number` after `first` is over: its posts, the heartbeat, its candles."""
    kafka, minute = stand.settings.kafka, first + number * MINUTE_MS
    for place in range(POSTS_A_TICK):
        identity = (number + 1) * POSTS_A_TICK + place
        pair = (identity % coins, (identity + coins // 2) % coins)
        published.posts[str(identity)] = time.time()
        publisher.publish(kafka.posts_topic, observation(Post(identity, minute + place * 1_000, pair)))
    publisher.flush()
    publisher.publish(kafka.posts_topic, Heartbeat(heartbeat=minute + MINUTE_MS, source=SOURCE))
    for coin in range(coins):
        price = 100.0 + coin + number % 7
        page = CandlePage(
            symbol=symbol(coin),
            quote="USDT",
            exchange="binance",
            seen_at=minute + MINUTE_MS,
            open_time=(minute,),
            **dict.fromkeys(("open", "high", "low", "close"), (price,)),
            volume=(1.5,),
        )
        published.pages[symbol(coin), minute] = time.time()
        publisher.publish(kafka.candles_topic, page)
    publisher.flush()


def _wait_for_rows(stand: Stand, application: subprocess.Popen[bytes]) -> None:
    """Until the application has read what there is. Raises `RuntimeError` when it does not come up."""
    deadline = time.monotonic() + START_SECONDS
    while not any(report["numInputRows"] for report in reports(stand, "post_prices")):
        if application.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the application did not come up: {_log(stand).read_text()[-1_000:]}")
        threading.Event().wait(0.5)


def _log(stand: Stand) -> Path:
    return stand.home / "application.log"


def _wait_until_quiet(watch: Watch, seconds: float) -> None:
    """Until no row has come for so long."""
    count = -1
    while count != len(watch.seen):
        count = len(watch.seen)
        threading.Event().wait(seconds)
