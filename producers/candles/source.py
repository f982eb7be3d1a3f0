"""What the candle producer needs from an exchange. `exchange.py` has it from ccxt, the tests from a list of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from newswake.errors import SourceError
from producers.candles.candle import Candle
from producers.candles.market import Market


class MarketTrouble(SourceError):
    """Raised when one market cannot be read while the exchange as such answers."""


class CandleSource(Protocol):
    """An exchange. Every method raises `SourceRetry` or `SourceRefusal` where the exchange does not answer as it
    should."""

    @property
    def name(self) -> str:
        """The exchange's name, as in the messages."""
        ...

    def now_ms(self) -> int:
        """The exchange's own clock, epoch milliseconds, never ahead of it."""
        ...

    def markets(self, coins: Sequence[str]) -> dict[str, Market | None]:
        """For each coin the market that prices it, None where the exchange has none; asked afresh each time."""
        ...

    def candles(self, market: Market, start: int, end: int) -> list[Candle]:
        """The minutes of `[start, end)` (epoch ms), rising in time; a minute that it does not give is absent.

        Raises `MarketTrouble` when only this market is the matter.
        """
        ...
