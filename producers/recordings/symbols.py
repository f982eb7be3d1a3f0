"""From the name of a market to the coin and the currency that prices it."""

from __future__ import annotations

import re

# Longest first, so that FDUSD is not read as FD + USD.
_MONEY = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "USD", "EUR", "GBP", "TRY", "BRL", "JPY")
_COINS_AS_QUOTES = ("BTC", "ETH", "BNB")
# Coins whose own name ends like a pair.
_NOT_PAIRS = frozenset(
    {
        "AEUR", "BFUSD", "CRVUSD", "CUSD", "GUSD", "LUSD", "MUSD", "PYUSD", "RLUSD", "SUSD", "XUSD", "ZUSD",
        "BETH", "CBBTC", "CBETH", "LBTC", "METH", "RETH", "STETH", "TBTC", "WBETH", "WBTC", "WEETH", "WETH", "WSTETH",
    }
)  # fmt: skip


def split_symbol(symbol: str, default_quote: str) -> tuple[str, str]:
    """The coin and the quote of a market's name; a bare coin has `default_quote`.

    >>> split_symbol("BTCUSDT", "USDT"), split_symbol("BTC", "USDT"), split_symbol("xrp/btc", "USDT")
    (('BTC', 'USDT'), ('BTC', 'USDT'), ('XRP', 'BTC'))
    >>> split_symbol("XRPBTC", "USDT"), split_symbol("FDUSD", "USDT"), split_symbol("WBTC", "USDT")
    (('XRP', 'BTC'), ('FDUSD', 'USDT'), ('WBTC', 'USDT'))
    """
    name = symbol.strip().upper()
    parts = [part for part in re.split(r"[/_:-]", name) if part]
    if len(parts) > 1:
        return parts[0], parts[1]
    if name in _NOT_PAIRS or name in _MONEY or name in _COINS_AS_QUOTES:
        return name, default_quote
    for quote in dict.fromkeys((default_quote, *_MONEY, *_COINS_AS_QUOTES)):
        if name.endswith(quote) and len(name) > len(quote):
            return name.removesuffix(quote), quote
    return name, default_quote
