"""RSS and Atom feeds: what is in them now, asked for only where it changed.

Times of a feed are claims. An entry without one is dated by the moment at which it was first seen; so is one that
is dated later than our clock, because nothing can be published after it was seen; and a time that only says
"updated" is taken once, when the entry is first seen, because it moves. The store keeps these first times.
"""

from __future__ import annotations

import calendar
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import feedparser

from newswake.errors import SourceError, SourceRetry
from producers.posts.coins import Recogniser
from producers.posts.feeds import Feed
from producers.posts.http import Fetcher
from producers.posts.source import Draft, Poll
from producers.posts.text import EARLIEST, clean_text, web_link

MAX_ENTRIES = 500
MAX_ID = 200
# An entity made of entities: a small feed that becomes a huge one.
_NESTED_ENTITY = re.compile(rb"<!ENTITY[^>]*[\"'][^\"'>]*&(?!#)", re.IGNORECASE)
_ENDS = (b"</rss>", b"</feed>", b"</rdf:rdf>")


@dataclass
class Subscription:
    """A feed, what to ask it with, and what it held last (an unchanged feed still counts for its neighbours)."""

    feed: Feed
    validators: dict[str, str] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)


class RssSource:
    """The feeds of one host, which share a name: `rss.<host without www>`."""

    def __init__(
        self,
        name: str,
        feeds: Iterable[Feed],
        fetcher: Fetcher,
        recogniser: Recogniser,
        now: Callable[[], datetime],
    ) -> None:
        self._name = name
        self._subscriptions = [Subscription(feed) for feed in feeds]
        self._fetcher = fetcher
        self._recogniser = recogniser
        self._now = now

    @property
    def name(self) -> str:
        return self._name

    def ready_at(self, now: datetime) -> datetime:
        return now

    def poll(self, now: datetime) -> Poll:
        drafts: dict[str, Draft] = {}
        failure: SourceError | None = None
        for subscription in self._subscriptions:
            try:
                for draft in self._read(subscription):
                    drafts.setdefault(draft.id, draft)  # in two feeds of a host: the first says what it is
            except SourceError as error:
                failure = failure or error
        return Poll(tuple(drafts.values()), error=failure, read_until=None if failure else now)

    def published(self) -> None:
        for subscription in self._subscriptions:
            subscription.validators = subscription.pending

    def _read(self, subscription: Subscription) -> Iterator[Draft]:
        feed = subscription.feed
        document = self._fetcher.fetch(feed.url, validators=subscription.validators)
        if document.body is not None:
            host = urlsplit(feed.url).hostname or feed.url
            entries = parsed_entries(document.body, host)
            yield from drafts_of(entries, feed, self._recogniser, self._now())
        subscription.pending = dict(document.validators)


def parsed_entries(body: bytes, host: str) -> list[Any]:
    """The entries of a feed. Raises `SourceRetry` when `body` is no feed or was cut."""
    if _NESTED_ENTITY.search(body):
        raise SourceRetry(f"{host} sends a feed that grows when it is read")
    # As a file: a string would be taken for a path or an address, and opened.
    try:
        document = feedparser.parse(io.BytesIO(body))
    except Exception as error:
        raise SourceRetry(f"{host} sends a feed that cannot be read ({type(error).__name__})") from error
    version = document.get("version")  # an attribute would be absent for an empty body
    if not version:
        what = "a web page" if b"<html" in body[:2_000].lower() else "something" if body.strip() else "nothing"
        raise SourceRetry(f"{host} sends {what} in place of a feed")
    if not version.startswith("json") and not any(end in body[-2_000:].lower() for end in _ENDS):
        raise SourceRetry(f"{host} sends a cut feed")
    return list(document.entries[:MAX_ENTRIES])


def drafts_of(entries: Iterable[Any], feed: Feed, recogniser: Recogniser, now: datetime) -> Iterator[Draft]:
    """Entries as drafts; one without id, link and title cannot be known again and is left out."""
    for entry in entries:
        title = clean_text(entry.get("title")) or clean_text(entry.get("summary"))
        link = web_link(entry.get("link"))
        entry_id = stable_id(entry.get("id") or link or title)
        if entry_id is None:
            continue
        published_at = _moment(entry.get("published_parsed"))
        # Asked as of a plain dict: feedparser would answer with the other time.
        updated_at = _moment(dict.get(entry, "updated_parsed"))
        dated = published_at is not None and published_at <= now
        yield Draft(
            id=entry_id,
            title=title,
            published_at=published_at or updated_at,
            dated=dated,
            kind=feed.kind,
            url=link,
            domain=feed.domain,
            currencies=recogniser.coins_of(title),
        )


def stable_id(raw: str | None) -> str | None:
    """The entry's own id where it is short, else a hash of it; None where there is none.

    So is one that begins like JSON, such as a title in place of an id: the stream refuses what could be an object.

    >>> stable_id(" https://example.com/?p=1 "), stable_id("[Updated] Bitcoin rises")[:14]
    ('https://example.com/?p=1', 'sha256:6df5990')
    """
    text = clean_text(raw, 10_000) if raw else ""
    if len(text) <= MAX_ID and not text.startswith(("[", "{")):
        return text or None
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _moment(parsed: Any) -> datetime | None:
    """A time as feedparser has it (UTC), or None where it is none or earlier than any coin."""
    if parsed is None:
        return None
    try:
        moment = datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None
    return moment if moment >= EARLIEST else None
