"""One request for one document: bounded in time and size, conditional, its failures told apart.

The address may hold a token, so no error says more of it than its host, and none carries the library's own error
(whose text is the whole address) as its cause.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
import urllib3

from newswake.errors import SourceRefusal, SourceRetry
from newswake.session import BodyTooLong, bounded_session
from newswake.settings import Posts
from producers.posts.text import clean_text

LONGEST_WAIT = timedelta(days=1)
# "Rate limit exceeded" is no spent quota: that passes within the minute.
_QUOTA_WORDS = re.compile(r"quota|monthly|per month|this month", re.IGNORECASE)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Document:
    """An answer: its `body`, or None where the source said that nothing changed; and what to ask with next time."""

    body: bytes | None
    validators: Mapping[str, str] = field(default_factory=dict)


class QuotaSpent(SourceRetry):
    """Raised when the source says that the plan's requests are used up."""


class NotThere(SourceRefusal):
    """Raised when there is nothing at the address."""


class Fetcher:
    """Fetches documents over HTTP. Not shared between threads: each source has its own."""

    def __init__(self, posts: Posts, now: Callable[[], datetime], follow_redirects: bool) -> None:
        self._posts = posts
        self._now = now
        self._follow_redirects = follow_redirects
        self._session = bounded_session(posts.timeout_seconds, posts.max_body_bytes)
        self._session.headers["User-Agent"] = posts.user_agent
        self._session.max_redirects = 5

    def fetch(
        self, url: str, params: Mapping[str, str] | None = None, validators: Mapping[str, str] | None = None
    ) -> Document:
        """The document at `url`. `validators` are those of the last answer.

        Raises `QuotaSpent` for a spent quota, `SourceRetry` for what may pass (429, 5xx, a time-out, a cut or too
        long answer), `NotThere` for 404 and `SourceRefusal` for what else will not pass (401, 403, 451 and others).
        """
        host = urlsplit(url).hostname or "the source"
        # A proxy of the environment is for the net, not for a server on this machine.
        self._session.trust_env = host not in _LOOPBACK
        failure: str | None = None
        try:
            response = self._session.get(
                url,
                params=params,
                headers=dict(validators or {}),
                allow_redirects=self._follow_redirects,
            )
            status, headers, body = response.status_code, response.headers, response.content
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            failure = _reason(error, host, self._posts)
        if failure is not None:  # raised here, outside the handler, so that the library's error is no context of it
            raise SourceRetry(failure)
        if status == 304:
            return Document(None, dict(validators or {}))
        self._judge(status, headers, body, host)
        return Document(body, _validators(headers))

    def _judge(self, status: int, headers: Mapping[str, str], body: bytes, host: str) -> None:
        if 200 <= status < 300:
            return
        said = said_in(body)
        detail = f": {said}" if said else ""
        if status in (402, 403, 429) and speaks_of_quota(said):
            raise QuotaSpent(f"{host} says that the quota is spent ({status}){detail}", self._retry_at(headers))
        if status in (408, 418, 425, 429) or status >= 500:
            raise SourceRetry(f"{host} answers {status}{detail}", self._retry_at(headers))
        refusal = NotThere if status == 404 else SourceRefusal
        raise refusal(f"{host} answers {status}{detail}{_ADVICE.get(status, '')}")

    def _retry_at(self, headers: Mapping[str, str]) -> datetime | None:
        """The moment that Retry-After names, as seconds or as a date, at most a day away."""
        text = headers.get("Retry-After", "").strip()
        now = self._now()
        try:
            moment = now + timedelta(seconds=int(text)) if text.isdigit() else parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return min(max(moment, now), now + LONGEST_WAIT)


_MOVED = "; it redirects to another address, which is not followed, because the key would go there"
_ADVICE = {
    **dict.fromkeys((301, 302, 303, 307, 308), _MOVED),
    401: "; check the key",
    403: "; the address, the key or this machine's country is not welcome",
    404: "; check the address",
    410: "; it is gone for good",
    451: "; it is not available in this machine's country",
}


def speaks_of_quota(said: str) -> bool:
    """Whether the words of a source are about a plan's requests of a month."""
    return _QUOTA_WORDS.search(said) is not None


def said_in(body: bytes) -> str:
    """The first words of an answer, for a person: without mark-up, at most 160 characters."""
    text = body[:4_000].decode("utf-8", "replace")
    return clean_text(re.sub(r"<(script|style)\b.*?(</\1>|$)", " ", text, flags=re.DOTALL | re.IGNORECASE), 160)


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    """What the next request says, so that an unchanged document is not sent again."""
    pairs = {"If-None-Match": headers.get("ETag"), "If-Modified-Since": headers.get("Last-Modified")}
    return {name: value for name, value in pairs.items() if value}


def _reason(error: Exception, host: str, posts: Posts) -> str:
    """What happened, in words of ours: the library's may hold the address with its token."""
    if isinstance(error, requests.Timeout):
        return f"{host} does not answer within {posts.timeout_seconds:g} s (setting posts.timeout_seconds)"
    if isinstance(error, BodyTooLong):
        return f"{host} sends more than {posts.max_body_bytes:,} bytes (setting posts.max_body_bytes)"
    if isinstance(error, requests.exceptions.SSLError):
        return f"{host} has no valid certificate"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"{host} cannot be reached through the proxy that the environment names"
    if isinstance(error, requests.ConnectionError):
        return f"{host} cannot be reached"
    if isinstance(error, requests.TooManyRedirects):
        return f"{host} redirects without end"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | urllib3.exceptions.HTTPError):
        return f"{host} breaks off its answer"
    return f"{host} gives an answer that is no HTTP ({type(error).__name__})"
