"""A ccxt client as we need it: public data of spot markets only, paced by ccxt's own rate limiter."""

from __future__ import annotations

import difflib
from typing import Any

import ccxt

from newswake.errors import SettingsError
from newswake.session import bound
from newswake.settings import Candles

MAX_BODY_BYTES = 64_000_000  # the list of all markets of an exchange has some megabytes
# Where the address of public market data stands in ccxt's description of an exchange.
PUBLIC_ADDRESSES = ("public", "rest", "spot")


def make_client(settings: Candles) -> Any:
    """Raises `SettingsError` when the exchange is unknown, has no one-minute candles, or takes no other address."""
    name = settings.exchange
    if name not in ccxt.exchanges:
        near = difflib.get_close_matches(name, ccxt.exchanges, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SettingsError(f"candles.exchange names {name}, which ccxt does not know{hint}")
    # The environment's proxy settings are for the internet, not for an address that was set on purpose.
    client = getattr(ccxt, name)(
        {
            "enableRateLimit": True,
            "timeout": int(settings.timeout_seconds * 1000),
            "requests_trust_env": not settings.base_url,
        }
    )
    if client.has.get("fetchOHLCV") is not True or "1m" not in (client.timeframes or {}):
        raise SettingsError(f"candles.exchange names {name}, which gives no one-minute candles; choose another one")
    client.has["fetchCurrencies"] = False  # load_markets would ask for them as well, and nothing here needs them
    _spot_only(client)
    bound(client.session, settings.timeout_seconds, MAX_BODY_BYTES)
    client.session.max_redirects = 0  # a page to log in at, another exchange: no candles are read elsewhere
    if settings.base_url:
        _set_address(client, settings.base_url.rstrip("/"))
    return client


def _spot_only(client: Any) -> None:
    """Some exchanges list their futures and options at other addresses, which load_markets would ask too."""
    option = client.options.get("fetchMarkets")
    if isinstance(option, dict) and "spot" in (option.get("types") or ()):
        types = option["types"]
        option["types"] = {"spot": types["spot"]} if isinstance(types, dict) else ["spot"]


def _set_address(client: Any, base_url: str) -> None:
    addresses = client.urls.get("api")
    if isinstance(addresses, str):
        client.urls["api"] = base_url
        return
    for key in PUBLIC_ADDRESSES:
        if isinstance(addresses, dict) and isinstance(addresses.get(key), str):
            addresses[key] = base_url
            return
    raise SettingsError(f"candles.base_url cannot be used with {client.id}, which has more than one address")
