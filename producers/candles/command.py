"""`python -m producers candles`."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Collection

from newswake import logs
from newswake.clock import clock_from
from newswake.kafka import ensure_topics
from newswake.messages import CandlePage
from newswake.settings import Settings, load
from producers.candles.exchange import CcxtExchange
from producers.candles.following import FollowedCoins
from producers.candles.loop import CandleLoop
from producers.candles.resume import last_pages
from producers.candles.topic import KafkaTopicEnd
from producers.coverage import Ledger
from producers.process import run_until_signal
from producers.publisher import Publisher
from producers.states import StateBoard

log = logging.getLogger(__name__)


def candles() -> None:
    """Publish the closed one-minute candles of the followed coins, and go on until SIGTERM or Ctrl-C."""
    settings = load()
    logs.configure(settings, "candles")
    if run_until_signal(lambda stop: _work(settings, stop)):
        log.info("stopped; everything is on the broker")
    else:
        log.info("stopped while an answer was outstanding; the next start asks again")


def _work(settings: Settings, stop: threading.Event) -> None:
    clock = clock_from(settings.clock.url)
    source = CcxtExchange(settings.candles, clock)
    ensure_topics(settings.kafka)
    where = " at another address (setting candles.base_url)" if settings.candles.base_url else ""
    states = settings.home / "states"
    for old in states.glob("candles.*.json"):  # of another exchange, perhaps
        if old.name != f"candles.{source.name}.json":  # which knows the last good poll
            old.unlink()

    def pages_on_topic(coins: Collection[str], now_ms: int) -> dict[str, CandlePage]:
        with KafkaTopicEnd(settings.kafka, settings.kafka.candles_topic) as topic:
            return last_pages(topic, coins, now_ms)

    ledger = Ledger(settings.mongo, "candles")
    board = StateBoard(states, ledger)
    following = FollowedCoins(settings)
    ledger.start()
    following.start()
    log.info("candles of %d coins from %s%s", len(following.wanted().coins), source.name, where)
    try:
        with Publisher(settings.kafka) as publisher:
            CandleLoop(settings, following, source, publisher, pages_on_topic, board, clock, random.Random()).run(stop)
    finally:
        following.close()
        ledger.close()
