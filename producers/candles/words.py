"""What the candle producer says of its coins, in words (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from newswake.messages import HOUR_MS, MINUTE_MS
from producers.candles.market import quotes


def hours(milliseconds: int) -> str:
    """A distance for a person.

    >>> hours(3 * 3_600_000), hours(400_000)
    ('3.0 h', '7 min')
    """
    return f"{milliseconds / HOUR_MS:.1f} h" if milliseconds >= HOUR_MS else f"{milliseconds / MINUTE_MS:.0f} min"


def few(names: Sequence[str], most: int = 10) -> str:
    """The first names of many.

    >>> few(["BTC", "ETH"]), few(["A", "B", "C"], most=2)
    ('BTC, ETH', 'A, B and 1 more')
    """
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def no_market(exchange: str, quote: str, names: Sequence[str]) -> str:
    """Why coins cannot be followed.

    >>> no_market("binance", "USDC", ["NOPE"])
    'binance trades no USDC or USDT or USD market of NOPE'
    """
    return f"{exchange} trades no {' or '.join(quotes(quote))} market of {few(names)}"
