"""The time that a message tells of: a page's last close, a heartbeat, the moment at which a post was seen. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from newswake.avro_page import body_of
from newswake.clock import from_ms

MINUTE_MS = 60_000


def event_time(value: bytes | None) -> datetime | None:
    """None for what has none, or is no message of ours.

    >>> event_time(b'{"heartbeat": 1735689600000, "source": "rss"}').isoformat()
    '2025-01-01T00:00:00+00:00'
    >>> event_time(b'{"symbol": "BTC", "open_time": [1735689600000, 1735689660000]}').isoformat()
    '2025-01-01T00:02:00+00:00'
    >>> event_time(b'{"id": "1", "seen_at": "2025-01-01T00:00:05Z"}').isoformat()
    '2025-01-01T00:00:05+00:00'
    >>> event_time(b"rubbish"), event_time(None), event_time(b'{"id": "1"}')
    (None, None, None)
    """
    try:
        message = body_of(value)
        return _of(message) if isinstance(message, dict) else None
    except (ValueError, TypeError, OverflowError):  # anybody may have written it
        return None


def _of(message: Mapping[str, Any]) -> datetime | None:
    if "heartbeat" in message:
        return from_ms(int(message["heartbeat"]))
    if "open_time" in message:
        return from_ms(int(max(message["open_time"])) + MINUTE_MS)
    text = message.get("seen_at") or message.get("created_at") or message.get("published_at")
    if text is None:
        return None
    moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
