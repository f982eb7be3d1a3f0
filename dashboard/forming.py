"""The minute that is still open, asked from the exchange: to be looked at, never stored and never joined.

The exchange is only asked for coins that somebody looks at, and each at most once in `KEEP_SECONDS`, whoever asks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import ccxt

from dashboard.models.candles import Bar
from newswake.ccxt_client import make_client
from newswake.clock import to_ms
from newswake.errors import SettingsError
from newswake.settings import Candles

log = logging.getLogger(__name__)

KEEP_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 20.0  # after an answer that was none
MOST_COINS: Final = 8  # looked at in one moment
MINUTES_ASKED: Final = 10  # what has closed meanwhile and is not in the tables yet belongs to the bar too


@dataclass(frozen=True)
class _Answer:
    at: float
    minutes: tuple[Bar, ...]


class OpenMinutes:
    """The newest minutes of coins as the exchange has them, the last one still open."""

    def __init__(
        self,
        market: Candles,
        make: Callable[[Candles], Any] = make_client,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._market = market
        self._make = make
        self._clock = clock
        self._client: Any = None
        self._lock = asyncio.Lock()
        self._answers: dict[str, _Answer] = {}
        self._pause_until = 0.0

    async def after(self, coin: str, closed: datetime) -> tuple[Bar, ...]:
        """The minutes that open at or after `closed`, oldest first; none where the exchange does not say."""
        answer = self._fresh(coin)
        if answer is None:
            async with self._lock:  # one question at a time: the client has one socket and its own pace
                answer = self._fresh(coin)
                if answer is None:
                    answer = await self._ask(coin)
        return tuple(bar for bar in answer.minutes if bar.time >= to_ms(closed))

    def _fresh(self, coin: str) -> _Answer | None:
        answer = self._answers.get(coin)
        return answer if answer and self._clock() - answer.at < KEEP_SECONDS else None

    async def _ask(self, coin: str) -> _Answer:
        now = self._clock()
        self._answers = {name: held for name, held in self._answers.items() if now - held.at < KEEP_SECONDS}
        if now < self._pause_until or len(self._answers) >= MOST_COINS:
            return _Answer(now, ())
        try:
            minutes = await asyncio.to_thread(self._fetch, coin)
        except (ccxt.BaseError, SettingsError, ValueError, TypeError, IndexError) as error:
            log.info("the open minute of %s is not known: %s", coin, type(error).__name__)
            if not isinstance(error, ccxt.BadSymbol):
                self._pause_until = self._clock() + PAUSE_SECONDS
            minutes = ()
        self._answers[coin] = _Answer(self._clock(), minutes)
        return self._answers[coin]

    def _fetch(self, coin: str) -> tuple[Bar, ...]:
        if self._client is None:
            self._client = self._make(self._market)
        rows = self._client.fetch_ohlcv(f"{coin}/{self._market.quote}", "1m", limit=MINUTES_ASKED)
        return tuple(_bar(row) for row in rows[-MINUTES_ASKED:])


def _bar(row: list[Any]) -> Bar:
    """Raises `TypeError` or `ValueError` for a row that is none, as an exchange in trouble may give."""
    opened, first, high, low, last, volume = row[:6]
    return Bar(
        time=int(opened), open=float(first), high=float(high), low=float(low), close=float(last),
        volume=float(volume), minutes=1, filled=0, forming=True,
    )  # fmt: skip
