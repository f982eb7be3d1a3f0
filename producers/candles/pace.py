"""When to ask again (pure)."""

from __future__ import annotations

import random
from datetime import datetime

from newswake.messages import MINUTE_MS

# So long after a minute's close, by the exchange's clock, its candle is asked for: the last trades are in by then.
SETTLE_MS = 1_000
LONGEST_BACKOFF_SECONDS = 120.0
REFUSED_SECONDS = 3_600.0


def backoff_seconds(failures: int, chance: random.Random) -> float:
    """The pause after so many failures in a row: 2, 4, 8 … at most 120 s, of which a random part is taken off.

    >>> 60 <= backoff_seconds(50, random.Random(1)) <= 120
    True
    """
    return min(2.0 ** min(failures, 30), LONGEST_BACKOFF_SECONDS) * chance.uniform(0.5, 1.0)


def retry_seconds(retry_at: datetime | None, now: datetime, failures: int, chance: random.Random) -> float:
    """The pause until the moment that the source named, or one of our own where it named none."""
    if retry_at is None:
        return backoff_seconds(failures, chance)
    return max((retry_at - now).total_seconds(), 1.0)


def seconds_to_next_close(exchange_ms: int, elapsed_seconds: float, until: int) -> float:
    """How long to wait for the first minute that is not over at `until`, `elapsed_seconds` after the exchange's
    clock stood at `exchange_ms`; never more than that minute takes.

    >>> seconds_to_next_close(exchange_ms=62_000, elapsed_seconds=3.0, until=60_000)
    56.0
    """
    left_ms = until + MINUTE_MS + SETTLE_MS - exchange_ms - elapsed_seconds * 1000
    return min(max(left_ms, 0), MINUTE_MS + SETTLE_MS) / 1000
