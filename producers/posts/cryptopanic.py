"""CryptoPanic: the hot list and the list of all posts, as far back and as often as the settings and the quota allow.

The hot list is read first: a post of the other list that is not in it is not hot.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from newswake.clock import to_iso
from newswake.errors import MessageError, SourceError, SourceRetry
from newswake.settings import CryptoPanic, Posts
from producers.posts.cryptopanic_api import Page, PostsApi
from producers.posts.cryptopanic_post import draft_of
from producers.posts.http import QuotaSpent
from producers.posts.quota import MonthlyQuota, next_month
from producers.posts.source import Draft, Poll
from producers.states import Condition

log = logging.getLogger(__name__)
NAME = "cryptopanic"
ASK_AGAIN_AFTER = timedelta(days=1)  # a plan's month need not be the calendar's, so a spent quota is asked again


@dataclass
class Listing:
    """What was read of one list, with so many requests; `error`: what broke it off.

    `reached`: it was read as far back as was asked.
    """

    drafts: list[Draft] = field(default_factory=list)
    requests: int = 0
    reached: bool = False
    error: SourceError | None = None


class CryptoPanicSource:
    """Posts of CryptoPanic. Every poll reads the whole window again, because votes change.

    The window goes back to the time up to which the source was last read, where that is longer ago than usual: what
    came while nobody looked is read as well. `read_until`: that time, as a former run left it.
    """

    name = NAME

    def __init__(
        self,
        settings: CryptoPanic,
        posts: Posts,
        api: PostsApi,
        quota: MonthlyQuota,
        read_until: datetime | None = None,
    ) -> None:
        self._max_pages = settings.max_pages
        self._delay_hours = settings.delay_hours
        self._delay = timedelta(hours=settings.delay_hours)
        self._lookback = timedelta(hours=posts.lookback_hours) + self._delay
        self._api = api
        self._quota = quota
        self._read_until = read_until
        self._reading_until: datetime | None = None

    def ready_at(self, now: datetime) -> datetime:
        return max(now, self._quota.next_poll_at())

    def poll(self, now: datetime) -> Poll:
        allowed = self._quota.begin_poll()
        if allowed == 0:
            return Poll(error=SourceRetry("the quota of this month is spent (setting cryptopanic.monthly_quota)"))
        # After a longer outage as far back as it lasted.
        last = self._read_until + self._delay if self._read_until else now
        since = min(now, last) - self._lookback
        self._reading_until = None
        # One request is kept back for the list of all posts, which has those that are new.
        hot = self._read("hot", since, max(1, allowed - 1))
        if hot.error is not None:  # without the hot list nobody knows what is not hot
            return Poll(error=_until_quota(hot.error, now))
        everything = self._read(None, since, allowed - hot.requests)
        drafts = _merged(hot, everything)
        if everything.error is not None:
            return Poll(drafts, error=_until_quota(everything.error, now))
        if everything.requests == 0:  # the last request of the month went to the hot list
            return Poll(drafts, reason="is read no further this month (setting cryptopanic.monthly_quota)")
        self._reading_until = now - self._delay
        kind, reason = Condition.OK, "is read"
        if self._delay_hours:
            kind = Condition.DELAYED
            reason += f"; its plan gives posts {self._delay_hours} h late (setting cryptopanic.delay_hours)"
        if not everything.reached:
            oldest = min((draft.published_at for draft in everything.drafts if draft.published_at), default=now)
            reason += f"; not further back than {to_iso(oldest)}, for want of requests (setting cryptopanic.max_pages)"
        return Poll(drafts, read_until=self._reading_until, condition=kind, reason=reason)

    def published(self) -> None:
        """The next poll need not look further back than usual."""
        self._read_until = self._reading_until or self._read_until

    def _read(self, which: str | None, since: datetime, allowed: int) -> Listing:
        """The pages of a list until all posts of a page are older than `since`."""
        listing = Listing()
        for number in range(1, min(self._max_pages, allowed) + 1):
            self._quota.spend()
            listing.requests += 1
            try:
                page = self._api.page(which, number)
            except SourceError as error:
                listing.error = error
                return listing
            drafts = list(_drafts_of(page, True if which else None))
            listing.drafts += drafts
            newest = max((draft.published_at for draft in drafts if draft.published_at), default=None)
            if not page.has_next or (newest is not None and newest < since):
                listing.reached = True
                break
        return listing


def _drafts_of(page: Page, hot: bool | None) -> Iterator[Draft]:
    for post in page.posts:
        try:
            yield draft_of(post, hot)
        except MessageError as error:
            log.warning("cryptopanic: a post is left out, because %s", error)


def _merged(hot: Listing, everything: Listing) -> tuple[Draft, ...]:
    """Each post once, as it was read last.

    What the hot list did not show is not hot: of that list at least as many pages are read, and being the shorter
    one it reaches at least as far back.
    """
    is_hot = {draft.id for draft in hot.drafts}
    merged = {draft.id: draft for draft in hot.drafts}
    for draft in everything.drafts:
        merged[draft.id] = replace(draft, hot=draft.id in is_hot)
    return tuple(merged.values())


def _until_quota(error: SourceError, now: datetime) -> SourceError:
    """A spent quota with a time to ask again: tomorrow, or in the new month where that comes first."""
    if isinstance(error, QuotaSpent) and error.retry_at is None:
        return QuotaSpent(str(error), min(next_month(now), now + ASK_AGAIN_AFTER))
    return error
