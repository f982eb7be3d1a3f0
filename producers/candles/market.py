"""Which market prices a coin (pure)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

# Where a coin is not traded against the wished quote, the next best is still a dollar.
FALLBACK_QUOTES = ("USDT", "USDC", "USD")


@dataclass(frozen=True)
class Market:
    """The one market that prices `coin`."""

    coin: str
    quote: str

    @property
    def symbol(self) -> str:
        """As ccxt writes it.

        >>> Market("BTC", "USDT").symbol
        'BTC/USDT'
        """
        return f"{self.coin}/{self.quote}"


def quotes(wished: str) -> tuple[str, ...]:
    """The quotes to look for, the best first.

    >>> quotes("USDC")
    ('USDC', 'USDT', 'USD')
    """
    return tuple(dict.fromkeys((wished, *FALLBACK_QUOTES)))


def choose_market(coin: str, wished_quote: str, traded: Collection[str]) -> Market | None:
    """The market of `coin` among the `traded` symbols, or None where it has none.

    >>> choose_market("XMR", "USDT", {"BTC/USDT", "XMR/USDC"})
    Market(coin='XMR', quote='USDC')
    """
    candidates = (Market(coin, quote) for quote in quotes(wished_quote))
    return next((market for market in candidates if market.symbol in traded), None)
