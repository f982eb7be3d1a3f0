"""Whether the exchange answers from here."""

from __future__ import annotations

import ccxt

from newswake.ccxt_client import make_client
from newswake.settings import Candles

PROBE_SECONDS = 6.0


def probe(candles: Candles) -> str:
    """Ask the exchange for its time. Returns why it does not answer, or nothing when it does."""
    client = make_client(candles.model_copy(update={"timeout_seconds": PROBE_SECONDS}))
    try:
        if client.has.get("fetchTime"):
            times = [client.fetch_time()]
        else:
            rows = client.fetch_ohlcv(f"{candles.coins[0]}/{candles.quote}", "1m", limit=1)
            times = [row[0] for row in rows]
    except ccxt.BaseError as error:
        return type(error).__name__
    except (TypeError, ValueError, KeyError, AttributeError, IndexError):  # ccxt does not check the shape of an answer
        times = []
    # A network that wants a log-in answers for everybody, with a page.
    return "" if any(isinstance(time, int) and time > 0 for time in times) else "something else answers in its place"
