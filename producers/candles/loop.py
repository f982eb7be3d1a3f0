"""The producer's life: find the markets, resume, catch up, wait for the next close; and say how it is going."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from newswake.clock import Clock, from_ms, to_iso
from newswake.errors import SourceError, SourceRefusal, SourceRetry
from newswake.messages import HOUR_MS, MINUTE_MS, CandlePage
from newswake.settings import Settings
from producers.candles import pace
from producers.candles.catch_up import CatchUp, Coin, PagePublisher
from producers.candles.exchange_clock import compare_clocks
from producers.candles.following import Following, Wanted
from producers.candles.market import Market
from producers.candles.plan import minute_floor, start_of_history
from producers.candles.resume import tail_of
from producers.candles.source import CandleSource
from producers.candles.words import few, no_market
from producers.states import Condition, StateBoard

log = logging.getLogger(__name__)

MARKETS_EVERY = timedelta(hours=1)
# So often, by the clock, the list is compared with what is followed.
LOOK_SECONDS = 5.0

LastPages = Callable[[Collection[str], int], dict[str, CandlePage]]


class CandleLoop:
    """Follows the coins of a list on one exchange until it is told to stop.

    `following` is the list. It may change at any time; a coin that was added is asked for at once, not only when the
    next minute closes.

    `last_pages(coins, now_ms)` gives the newest page of each coin that is on the topic already. `idle_seconds` is
    the shortest pause, in real time, between two cycles when the exchange's clock stands still.

    `run` raises `ServiceError` when the broker, or the clock that the settings name, does not answer.
    """

    def __init__(
        self,
        settings: Settings,
        following: Following,
        source: CandleSource,
        publisher: PagePublisher,
        last_pages: LastPages,
        board: StateBoard,
        clock: Clock,
        chance: random.Random,
        idle_seconds: float = 1.0,
    ) -> None:
        self._settings = settings.candles
        self._following = following
        self._source = source
        self._last_pages = last_pages
        self._board = board
        self._clock = clock
        self._chance = chance
        self._idle_seconds = idle_seconds
        self._state = f"candles.{source.name}"
        self._catch_up = CatchUp(
            source,
            publisher,
            settings.kafka.candles_topic,
            clock,
            self._settings.max_filled_minutes,
            lambda error, pause: self._show_waiting(Condition.WAITING, error, pause),
        )
        self._wanted = Wanted(())
        self._coins: dict[str, Coin] = {}
        self._new: dict[str, Market] = {}
        self._markets_at: datetime | None = None
        self._until = 0

    def run(self, stop: threading.Event) -> None:
        failures = 0
        while not stop.is_set():
            try:
                pause = self._cycle(stop)
                failures = 0
                self._rest(pause, stop)
                continue
            except SourceRefusal as error:
                pause = pace.REFUSED_SECONDS
                self._failed(Condition.STOPPED, error, pause)
            except SourceRetry as error:
                failures += 1
                pause = pace.retry_seconds(error.retry_at, self._clock.now(), failures, self._chance)
                self._failed(Condition.WAITING, error, pause)
            self._clock.wait(pause, stop)

    def _rest(self, seconds: float, stop: threading.Event) -> None:
        """Wait until the next minute's close, or until the list has changed."""
        until, left = self._clock.now() + timedelta(seconds=seconds), seconds
        while not self._clock.wait(min(left, LOOK_SECONDS), stop):
            left = (until - self._clock.now()).total_seconds()
            if left <= 0 or self._following.wanted() != self._wanted:
                return

    def _failed(self, condition: Condition, error: SourceError, pause: float) -> None:
        self._board.polled(self._state, self._clock.now(), str(error))
        self._show_waiting(condition, error, pause)

    def _cycle(self, stop: threading.Event) -> float:
        """One round; returns the seconds until the next one."""
        self._find_markets()
        exchange_ms = self._settled_time(stop)
        asked_at = self._clock.now()
        until = minute_floor(exchange_ms)
        self._begin_new_coins(exchange_ms, until)
        coins = list(self._coins.values())
        covered_from = min((coin.next_minute for coin in coins), default=until)
        self._tell_of_backlog(coins, until)
        self._catch_up.run(coins, until, stop)
        if until > self._until:
            self._catch_up.await_newest(coins, until, stop)
        else:  # the exchange's clock stands still, as the simulator's does at the end of a recording
            stop.wait(self._idle_seconds)
        self._until = until
        if not stop.is_set():
            self._covered(covered_from, until)
            for name, coin in self._coins.items():
                if coin.next_minute >= until:
                    self._following.caught_up(name)
        elapsed = (self._clock.now() - asked_at).total_seconds()
        pause = pace.seconds_to_next_close(exchange_ms, elapsed, until)
        self._show_well(until, pause)
        return pause

    def _settled_time(self, stop: threading.Event) -> int:
        """The exchange's clock, a moment after a close: a row asked for in that very moment may lack trades."""
        now_ms = self._source.now_ms()
        early_ms = pace.SETTLE_MS - now_ms % MINUTE_MS
        if early_ms > 0:
            self._clock.wait(early_ms / 1000, stop)
            now_ms = max(now_ms, self._source.now_ms())
        compare_clocks(self._board, self._source.name, now_ms, self._clock.now())
        return now_ms

    def _find_markets(self) -> None:
        """Look up the markets when the list has changed, and every hour while a coin has none or cannot be read."""
        now, wanted = self._clock.now(), self._following.wanted()
        if wanted == self._wanted and self._markets_at is not None:
            well = len(self._coins) == len(wanted.coins) and not self._quiet(self._until)
            if well or now - self._markets_at < MARKETS_EVERY:
                return
            self._markets_at = now
        found = self._source.markets(wanted.coins)
        self._markets_at = now
        self._coins = {name: coin for name, coin in self._coins.items() if found.get(name) is not None}
        self._new = {}
        for name, market in found.items():
            coin = self._coins.get(name)
            self._following.found(
                name,
                market.symbol if market else None,
                None if market else no_market(self._source.name, self._settings.quote, [name]),
            )
            if market is not None and coin is None:
                self._new[name] = market
            elif market is not None and coin is not None and coin.market != market:
                coin.market, coin.tail = market, None  # a close of another market must not be carried forward
        refused = {name for name in wanted.wishes if found[name] is None}
        self._wanted = Wanted(tuple(name for name in wanted.coins if name not in refused))
        self._show_markets({name: market for name, market in found.items() if name not in refused}, now)

    def _begin_new_coins(self, exchange_ms: int, until: int) -> None:
        """Each new coin goes on after its last page, or starts with the backfill."""
        if not self._new:
            return
        pages = self._last_pages(self._new.keys(), exchange_ms)
        others = [coin.next_minute for coin in self._coins.values()]
        others += [page.open_time[-1] + MINUTE_MS for page in pages.values()]
        lengths = self._settings.backfill_hours, self._settings.new_coin_backfill_hours
        start = start_of_history(others, until, *lengths)
        for name, market in self._new.items():
            coin = Coin(market, start)
            page = pages.get(name)
            if page is not None:
                coin.next_minute = page.open_time[-1] + MINUTE_MS
                if (page.exchange, page.quote) == (self._source.name, market.quote):
                    coin.tail = tail_of(page)
            else:
                self._following.began(name, from_ms(start))
            self._coins[name] = coin
        log.info("%d coins go on after their last page, %d start afresh", len(pages), len(self._new) - len(pages))
        # In the order of the list: the most important first.
        self._coins = {name: self._coins[name] for name in self._wanted.coins if name in self._coins}
        self._new = {}

    def _tell_of_backlog(self, coins: Collection[Coin], until: int) -> None:
        start = min((coin.next_minute for coin in coins), default=until)
        if until - start > 2 * HOUR_MS:
            log.info("fetching the candles of %d coins since %s", len(coins), to_iso(from_ms(start)))

    def _show_waiting(self, condition: Condition, error: SourceError, pause: float) -> None:
        now = self._clock.now()
        self._board.show(self._state, condition, str(error), now, now + timedelta(seconds=pause))

    def _show_well(self, until: int, pause: float) -> None:
        now = self._clock.now()
        then = now + timedelta(seconds=pause)
        following = f"following {len(self._coins)} of {len(self._wanted.coins)} coins"
        self._board.show(self._state, Condition.OK, following, now, then)
        quiet = self._quiet(until)
        if quiet:
            self._board.show(f"{self._state}.coins", Condition.WAITING, f"no new candles of {few(quiet)}", now, then)
        else:
            self._board.show(f"{self._state}.coins", Condition.OK, "every coin has recent candles", now, then)

    def _quiet(self, until: int) -> list[str]:
        """The followed coins that cannot be read, or had no candle lately: perhaps they are traded no more."""
        return [name for name, coin in self._coins.items() if coin.failures or not coin.is_recent(until)]

    def _covered(self, covered_from: int, until: int) -> None:
        """Note what a round brought: the span that was asked for, and the coins that have no candles up to its end."""
        homeless = [name for name in self._wanted.coins if name not in self._coins]
        late = [name for name, coin in self._coins.items() if coin.next_minute < until]
        self._board.polled(
            self._state,
            self._clock.now(),
            covered_from=from_ms(min(covered_from, until)),
            covered_until=from_ms(until),
            not_covered=homeless + late,
        )

    def _show_markets(self, found: dict[str, Market | None], now: datetime) -> None:
        state, then = f"{self._state}.markets", now + MARKETS_EVERY
        homeless = [name for name, market in found.items() if market is None]
        other = [market.symbol for market in found.values() if market and market.quote != self._settings.quote]
        if homeless:
            reason = no_market(self._source.name, self._settings.quote, homeless)
            reason += "; remove it, or set candles.quote or candles.exchange"
            self._board.show(state, Condition.STOPPED, reason, now, then)
        else:
            instead = f"; {few(other)} in place of {self._settings.quote}" if other else ""
            self._board.show(state, Condition.OK, f"every coin has a market{instead}", now, None)
