"""One post of CryptoPanic's API as a draft: today's shape (v2) and the two before it (v1 of 2022 and of 2018).

v2 names coins `instruments` where v1 had `currencies` (no key at all without tags); v1 had three kinds of votes at
first; titles may hold HTML; times come with and without fractions of a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from newswake.coins import clean_codes
from newswake.errors import MessageError
from newswake.messages import MAX_KIND, VOTE_KINDS, Votes
from producers.posts.source import Draft
from producers.posts.text import MAX_NAME, clean_text, utc_time, web_link

MAX_CODE = 32
MAX_CODES = 500
_NOT_IN_CODES = frozenset('{}[]":')
MAX_NUMBER = 2**31 - 1
# A post may be dated a little after the aggregator made it: two clocks. More than this is no publication time.
CLOCK_DIFFERENCE = timedelta(minutes=5)


def draft_of(post: object, hot: bool | None) -> Draft:
    """`post` as a draft. Raises `MessageError` when it has no id or no time."""
    if not isinstance(post, Mapping):
        raise MessageError("a post is no object")
    post_id = _id_of(post.get("id"))
    published_at, created_at = utc_time(post.get("published_at")), utc_time(post.get("created_at"))
    if published_at is None and created_at is None:
        raise MessageError(f"post {post_id} has no time")
    if published_at is None or (created_at is not None and published_at > created_at + CLOCK_DIFFERENCE):
        published_at = created_at
    maker = post.get("source")
    domain = (maker.get("domain") if isinstance(maker, Mapping) else None) or post.get("domain")
    return Draft(
        id=post_id,
        title=clean_text(post.get("title")) or clean_text(post.get("description")),
        published_at=published_at,
        kind=clean_text(post.get("kind"), MAX_KIND) or None,
        url=web_link(post.get("original_url")) or web_link(post.get("url")),
        domain=clean_text(domain, MAX_NAME).lower() or None,
        created_at=created_at,
        hot=hot,
        currencies=_codes_of(post.get("instruments") or post.get("currencies")),
        votes=_votes_of(post.get("votes")),
        panic_score=_number(post.get("panic_score")),
    )


def _id_of(raw: object) -> str:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if text := clean_text(raw, MAX_NAME):
        return text
    raise MessageError("a post has no id")


def _codes_of(raw: object) -> tuple[str, ...]:
    """Codes, trimmed and in capitals. What is no code is left out: it cannot be the name of a coin."""
    tags = raw if isinstance(raw, list) else []
    names = [tag.get("code") if isinstance(tag, Mapping) else tag for tag in tags]
    codes = clean_codes([clean_text(name, 4 * MAX_CODE) for name in names if isinstance(name, str)])
    return tuple(code for code in codes if len(code) <= MAX_CODE and not _NOT_IN_CODES & {*code})[:MAX_CODES]


def _votes_of(raw: object) -> Votes | None:
    """Counts by kind: one that is not given stays null, because nobody said that it is 0."""
    if not isinstance(raw, Mapping):
        return None
    counts = {kind: _count(raw.get(kind)) for kind in VOTE_KINDS}
    return Votes(**counts) if any(count is not None for count in counts.values()) else None


def _count(raw: object) -> int | None:
    """A number that can be a count. The stream refuses a whole post for one vote that is less than nothing."""
    number = _number(raw)
    return None if number is not None and number < 0 else number


def _number(raw: object) -> int | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not abs(raw) <= MAX_NUMBER:  # nor NaN
        return None
    return round(raw)
