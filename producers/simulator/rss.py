"""One RSS 2.0 feed, which honours ETag and Last-Modified."""

from __future__ import annotations

import hashlib
from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime
from itertools import islice
from xml.sax.saxutils import escape

from newswake.clock import from_ms
from producers.simulator.http import Request, Response
from producers.simulator.world import Feed, FeedItem

ITEMS = 40


class RssFeed:
    """Answers `/rss`."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def answer(self, request: Request, now: int) -> Response:
        items = list(islice(self._feed.items(now), ITEMS))
        body = _document(items).encode()
        changed = from_ms(max((item.arrives_at for item in items), default=0)).replace(microsecond=0)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Last-Modified": format_datetime(changed, usegmt=True)}
        if _is_known(request, tag, changed.timestamp()):
            return Response(304, b"", "application/rss+xml", headers)
        return Response(200, body, "application/rss+xml; charset=utf-8", headers)


def _is_known(request: Request, tag: str, changed: float) -> bool:
    """Whether the asker has this version. A tag, where there is one, decides alone (RFC 9110, section 13.2.2)."""
    if known := request.headers.get("if-none-match"):
        return known.strip() == "*" or tag in [part.strip().removeprefix("W/") for part in known.split(",")]
    try:
        since = parsedate_to_datetime(request.headers["if-modified-since"])
    except (KeyError, ValueError):
        return False
    return changed <= since.replace(tzinfo=since.tzinfo or UTC).timestamp()


def _document(items: list[FeedItem]) -> str:
    entries = "".join(
        f"<item><title>{escape(item.title)}</title><link>{escape(item.link)}</link>"
        f'<guid isPermaLink="false">{escape(item.id)}</guid>'
        f"<pubDate>{format_datetime(from_ms(item.published_at), usegmt=True)}</pubDate></item>\n"
        for item in items
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Simulated crypto press</title>'
        "<link>https://press.simulated.invalid/</link><description>News from the simulator</description>\n"
        f"{entries}</channel></rss>\n"
    )
