"""One page of CryptoPanic's API, version 2. The key goes into the request and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from newswake.errors import SourceError, SourceRetry
from newswake.settings import CryptoPanic
from producers.posts.http import Fetcher, NotThere, QuotaSpent, said_in, speaks_of_quota


@dataclass(frozen=True)
class Page:
    """Posts as the API gave them, and whether another page follows."""

    posts: list[Any]
    has_next: bool


class PostsApi:
    """Asks for pages of a list. `next` in an answer holds the key: it is not followed, only looked at."""

    def __init__(self, settings: CryptoPanic, fetcher: Fetcher) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._url = f"{settings.base_url.rstrip('/')}/{settings.plan}/v2/posts/"
        self._host = urlsplit(self._url).hostname or self._url
        key = settings.key.get_secret_value()
        self._forms_of_key = (key, quote(key, safe=""))

    def page(self, which: str | None, number: int) -> Page:
        """Page `number` (from 1) of the list `which` ("hot"; None: all posts), newest first.

        Raises `SourceRetry`, `QuotaSpent` or `SourceRefusal`, none of which names the key.
        """
        params = {"auth_token": self._forms_of_key[0], "page": str(number)}
        if which:
            params["filter"] = which
        if self._settings.currencies:
            params["currencies"] = ",".join(self._settings.currencies)
        try:
            answer = self._parsed(self._fetcher.fetch(self._url, params).body or b"")
        except NotThere as error:
            if number > 1:  # posts left the list since the page before was asked for
                return Page([], False)
            error.args = (self._without_key(str(error)),)
            raise
        except SourceError as error:
            error.args = (self._without_key(str(error)),)
            raise
        posts = [self._without_keyed_links(post) for post in answer["results"]]
        return Page(posts, bool(answer.get("next")) and bool(answer["results"]))

    def _parsed(self, body: bytes) -> Mapping[str, Any]:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            what = "a web page" if body.lstrip()[:1] == b"<" else "a cut answer" if body.strip() else "nothing"
            raise SourceRetry(f"{self._host} sends {what} in place of posts") from None
        if isinstance(answer, Mapping) and isinstance(answer.get("results"), list):
            return answer
        if speaks_of_quota(said_in(body)):
            raise QuotaSpent(f"{self._host} says that the quota is spent: {said_in(body)}")
        raise SourceRetry(f"{self._host} sends no list of posts: {said_in(body)}")

    def _without_key(self, text: str) -> str:
        for form in self._forms_of_key:
            text = text.replace(form, "********")
        return text

    def _without_keyed_links(self, post: object) -> object:
        """The post without links that were made for our key: it must not reach a topic."""
        if not isinstance(post, dict):
            return post
        return {
            name: None if isinstance(value, str) and any(f"={form}" in value for form in self._forms_of_key) else value
            for name, value in post.items()
        }
