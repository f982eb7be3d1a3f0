"""Text from the net, made fit for a message: bounded, without mark-up, only web links, times that are times."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

MAX_TITLE = 2_000
MAX_LINK = 2_000
MAX_NAME = 255

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]+")
EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)  # before any market; an earlier time is a default, not a publication


def clean_text(raw: object, limit: int = MAX_TITLE) -> str:
    """`raw` without HTML tags, entities, control characters and needless blanks; "" when it is no text.

    >>> clean_text('NEO ($NEO) price is up <span class="color-green">20.99%</span> &amp; more ')
    'NEO ($NEO) price is up 20.99% & more'
    >>> clean_text("a < 5 and b > 3")
    'a < 5 and b > 3'
    """
    if not isinstance(raw, str):
        return ""
    # Bounded before it is parsed as well: mark-up may be long.
    text = html.unescape(_TAG.sub("", raw[: 10 * limit]))
    return " ".join(_CONTROL.sub(" ", text).split())[:limit].rstrip()


def web_link(raw: object) -> str | None:
    """`raw` where it is an http or https address of bearable length, else None.

    >>> web_link(" https://example.com/a ")
    'https://example.com/a'
    >>> web_link("javascript:alert(1)") is None
    True
    """
    if not isinstance(raw, str):
        return None
    link = raw.strip()
    if len(link) > MAX_LINK or _CONTROL.search(link) or " " in link:
        return None
    try:
        parts = urlsplit(link)
    except ValueError:  # such as an unbalanced bracket in the host
        return None
    return link if parts.scheme.lower() in ("http", "https") and parts.hostname else None


def utc_time(raw: object) -> datetime | None:
    """An ISO-8601 time, UTC where it names no zone; None when it is no time or earlier than any coin.

    >>> utc_time("2018-01-18T09:45:28.965353Z").isoformat()
    '2018-01-18T09:45:28.965353+00:00'
    >>> utc_time("yesterday") is None
    True
    """
    if not isinstance(raw, str):
        return None
    try:
        moment = datetime.fromisoformat(raw.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment >= EARLIEST else None
