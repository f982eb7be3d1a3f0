"""From the exchange to the topic: every closed minute that a coin still lacks, forward in time, all coins together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from newswake.clock import Clock, to_ms
from newswake.errors import SourceRetry
from newswake.messages import HOUR_MS, MINUTE_MS, CandlePage
from producers.candles.answers import RateLimited
from producers.candles.candle import Candle
from producers.candles.market import Market
from producers.candles.pages import Tail, carry, to_pages
from producers.candles.plan import next_minute, windows
from producers.candles.source import CandleSource, MarketTrouble

# Pauses before a coin is asked again at once, so that a hiccup does not tear the coins apart in time.
PATIENCE_SECONDS = (1.0, 2.0)
# So many coins in a row without an answer: it is the exchange, not the coin.
SILENT_COINS = 2
# How many coins that failed before are tried in one cycle: each may take as long as the time-out.
TROUBLED_COINS = 2
# Pauses before the newest minute is asked for again, of coins that had candles in the last minutes.
NEWEST_PAUSES_SECONDS = (1.0, 2.0, 4.0)
NEWEST_LONGEST_SECONDS = 20.0
RECENT_MS = 10 * MINUTE_MS


@dataclass(eq=False)
class Coin:
    """A followed coin: from which minute on (epoch ms) it is to be asked, and what it had before.

    `failures` counts the tries in a row in which it could not be read.
    """

    market: Market
    next_minute: int
    tail: Tail | None = None
    failures: int = 0

    def is_recent(self, until: int) -> bool:
        """Whether it had a candle in the last minutes before `until`."""
        return self.tail is not None and self.tail.candle.end >= until - RECENT_MS


class PagePublisher(Protocol):
    """Where pages go; both methods raise `ServiceError` when the broker does not take them."""

    def publish(self, topic: str, message: CandlePage) -> None: ...

    def flush(self) -> None: ...


class CatchUp:
    """Fetches and publishes. `on_hiccup` is told of an error after which the same is asked again in some seconds."""

    def __init__(
        self,
        source: CandleSource,
        publisher: PagePublisher,
        topic: str,
        clock: Clock,
        max_filled: int,
        on_hiccup: Callable[[SourceRetry, float], None],
    ) -> None:
        self._source = source
        self._publisher = publisher
        self._topic = topic
        self._clock = clock
        self._max_filled = max_filled
        self._on_hiccup = on_hiccup

    def run(self, coins: Sequence[Coin], until: int, stop: threading.Event) -> None:
        """Bring every coin up to `until` (epoch ms, the exchange's clock), or to where `stop` found it.

        Coins that could not be read the last time come after the others, so that they hold nobody back.

        Raises `SourceRetry` or `SourceRefusal` when the exchange as a whole does not answer. What was published
        until then stays published, and every coin knows where it is.
        """
        healthy = [coin for coin in coins if not coin.failures]
        troubled = sorted((coin for coin in coins if coin.failures), key=lambda coin: coin.failures)
        self._follow(healthy or troubled, until, stop)
        for coin in troubled[:TROUBLED_COINS] if healthy else ():
            try:
                self._follow([coin], until, stop)
            except RateLimited:
                raise
            except SourceRetry:
                coin.failures += 1

    def await_newest(self, coins: Sequence[Coin], until: int, stop: threading.Event) -> None:
        """Ask a few times more for the minute before `until`, of the coins that lack it and had candles lately."""
        began = self._clock.now()
        for pause in NEWEST_PAUSES_SECONDS:
            late = [coin for coin in coins if coin.next_minute < until and coin.is_recent(until) and not coin.failures]
            waited = (self._clock.now() - began).total_seconds()
            if not late or waited > NEWEST_LONGEST_SECONDS or self._clock.wait(pause, stop):
                return
            self._follow(late, until, stop)

    def _follow(self, coins: Sequence[Coin], until: int, stop: threading.Event) -> None:
        active = list(coins)
        for start, end in windows(min((coin.next_minute for coin in coins), default=until), until):
            failed = self._window([coin for coin in active if coin.next_minute < end], start, end, until, stop)
            active = [coin for coin in active if coin not in failed]
            if stop.is_set():
                return

    def _window(self, coins: Sequence[Coin], start: int, end: int, until: int, stop: threading.Event) -> Sequence[Coin]:
        """Ask `coins` up to `end`, publish hour by hour; returns those that could not be read."""
        # Inside one hour the order among coins does not matter: a minute goes out as soon as it is here. Over
        # several hours nothing goes out before every coin was asked; what a stop interrupts is asked again later.
        at_once = start // HOUR_MS == (end - 1) // HOUR_MS
        pages: list[CandlePage] = []
        advances: list[Callable[[], None]] = []
        failed: list[Coin] = []
        silent: list[Coin] = []
        try:
            for coin in coins:
                if stop.is_set():
                    return failed
                rows = self._ask_or_none(coin, end, stop, silent, min(SILENT_COINS, len(coins)))
                if rows is None:
                    failed.append(coin)
                    continue
                silent.clear()
                candles, tail = carry(coin.tail, rows, self._max_filled)
                pages += to_pages(coin.market, self._source.name, to_ms(self._clock.now()), candles)
                advances.append(_advance(coin, tail, rows, end, until))
                if at_once:
                    self._publish(pages, advances)
            self._publish(pages, advances)
        finally:
            self._publisher.flush()
        return failed

    def _ask_or_none(
        self, coin: Coin, end: int, stop: threading.Event, silent: list[Coin], most_silent: int
    ) -> list[Candle] | None:
        """The coin's rows up to `end`, or None when it cannot be read; raises when it is not the coin's fault."""
        try:
            return self._ask(coin, end, stop)
        except RateLimited:
            raise
        except (SourceRetry, MarketTrouble) as error:
            coin.failures += 1
            if isinstance(error, SourceRetry):
                silent.append(coin)
            if len(silent) < most_silent:
                return None
            for innocent in silent:
                innocent.failures -= 1
            raise

    def _ask(self, coin: Coin, end: int, stop: threading.Event) -> list[Candle]:
        pauses = iter(() if coin.failures else PATIENCE_SECONDS)
        while True:
            try:
                rows = self._source.candles(coin.market, coin.next_minute, end)
            except RateLimited:
                raise
            except SourceRetry as error:
                pause = next(pauses, None)
                if pause is None or error.retry_at is not None:
                    raise
                self._on_hiccup(error, pause)
                if self._clock.wait(pause, stop):
                    raise
            else:
                coin.failures = 0
                return rows

    def _publish(self, pages: list[CandlePage], advances: list[Callable[[], None]]) -> None:
        """Publish and empty both lists. One hour after the other is on the broker before the next one is sent."""
        pages.sort(key=lambda page: page.open_time[0] // HOUR_MS)
        for at, page in enumerate(pages):
            if at and page.open_time[0] // HOUR_MS != pages[at - 1].open_time[0] // HOUR_MS:
                self._publisher.flush()
            self._publisher.publish(self._topic, page)
        for advance in advances:
            advance()
        pages.clear()
        advances.clear()


def _advance(coin: Coin, tail: Tail | None, rows: Sequence[Candle], end: int, until: int) -> Callable[[], None]:
    """Moves the coin on, once its pages are published."""
    last = rows[-1].open_time if rows else None
    then = next_minute(coin.next_minute, end, last, until)

    def advance() -> None:
        coin.tail, coin.next_minute = tail, then

    return advance
