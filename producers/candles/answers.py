"""What an HTTP answer of an exchange means (pure): usable, to be asked again later, or refused for good."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import orjson

from newswake.errors import SourceRefusal, SourceRetry

# Binance bans for up to three days; a longer wait is a mistake of the sender.
LONGEST_WAIT_SECONDS = 3 * 24 * 3600
# Seconds to wait where the exchange names none: a limit is counted by the minute, a ban takes two at least, and each
# request before its end makes it longer.
SLOW_DOWN = {429: 60.0, 418: 120.0}
GEO_BLOCK = 451


class RateLimited(SourceRetry):
    """Raised when the exchange asks us to slow down: nothing at all may be asked before `retry_at`."""


def judge(exchange: str, status: int, headers: Mapping[str, str], body: str, now: datetime) -> None:
    """Pass an answer that ccxt may read, raise for any other.

    `headers` are looked up by their canonical names, or in any case if the mapping allows it; `now` is the
    producer's clock, to which Retry-After is added.

    Raises `RateLimited` for 429 and 418, `SourceRefusal` for 451 (which ccxt takes for a passing outage), and
    `SourceRetry` for 403, 5xx and a body that is not JSON (which ccxt takes for an answer without rows). Other
    4xx answers in JSON are left to ccxt, which knows each exchange's codes.
    """
    if status in SLOW_DOWN:
        until = retry_after(headers, now) or now + timedelta(seconds=SLOW_DOWN[status])
        raise RateLimited(f"{exchange} asks us to slow down (HTTP {status})", until)
    if status == GEO_BLOCK:
        raise SourceRefusal(
            f"{exchange} refuses this place (HTTP 451); set candles.exchange to an exchange that serves it"
        )
    if status == 403 or status >= 500:
        raise SourceRetry(f"{exchange} answers with HTTP {status}", retry_after(headers, now))
    if not _is_json(body):
        kind = "an HTML page" if body.lstrip()[:1] == "<" else "a body that is cut short or is no JSON"
        raise SourceRetry(f"{exchange} answers with {kind} (HTTP {status})", retry_after(headers, now))


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The moment that Retry-After names, in seconds or as a date, by our clock; None where it names none.

    A date is the sender's clock, so it is measured from the sender's own Date where there is one.
    """
    text = (headers.get("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        seconds = float(text)
    else:
        named, sent = _date(text), _date(headers.get("Date") or "")
        if named is None:
            return None
        seconds = (named - (sent or now)).total_seconds()
    return now + timedelta(seconds=min(max(seconds, 0.0), LONGEST_WAIT_SECONDS))


def sent_at(headers: Mapping[str, str]) -> datetime | None:
    """The exchange's clock in the Date header, to the second below."""
    return _date(headers.get("Date") or "")


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_json(body: str) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
