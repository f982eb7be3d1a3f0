"""The news API: CryptoPanic v2's list of posts, in its documented shape."""

from __future__ import annotations

import re
from itertools import islice
from urllib.parse import urlencode

from newswake.clock import from_ms, to_iso
from newswake.messages import VOTE_KINDS
from producers.simulator.http import Request, Response, json_response
from producers.simulator.life import SimulatedPost
from producers.simulator.world import News

PAGE_POSTS = 20
POSTS_PATH = re.compile(r"^/api/(?P<plan>[a-z_-]+)/v2/posts/?$")


class NewsApi:
    """Answers `/api/{plan}/v2/posts/`: what has arrived, the newest publication first, 20 a page."""

    def __init__(self, news: News) -> None:
        self._news = news

    def answer(self, request: Request, now: int) -> Response | None:
        """The answer to a request for posts; None for another path."""
        if not POSTS_PATH.match(request.path):
            return None
        if not request.query.get("auth_token"):
            return json_response({"status": "api_error", "info": "Token not found"}, 401)
        wanted = request.query.get("filter", "")
        if wanted not in ("", "hot"):
            return json_response({"status": "api_error", "info": f"The simulator has no filter {wanted[:40]}"}, 400)
        page = request.query.get("page", "1")
        if not page.isdecimal() or int(page) < 1:
            return json_response({"detail": "Invalid page."}, 404)
        found = self._page(int(page), wanted == "hot", _codes(request.query.get("currencies", "")), now)
        if not found and int(page) > 1:
            return json_response({"detail": "Invalid page."}, 404)
        return json_response(
            {
                "next": _address(request, int(page) + 1) if len(found) > PAGE_POSTS else None,
                "previous": _address(request, int(page) - 1) if int(page) > 1 else None,
                "results": [told(post, now) for post in found[:PAGE_POSTS]],
            }
        )

    def _page(self, page: int, hot: bool, codes: frozenset[str], now: int) -> list[SimulatedPost]:
        """The posts of a page and, if there is one, the first of the next."""
        listed = (
            post
            for post in self._news.newest_first(now)
            if post.arrives_at <= now
            and (not hot or post.is_hot(now))
            and (not codes or not codes.isdisjoint(code.strip().upper() for code in post.codes))
        )
        start = (page - 1) * PAGE_POSTS
        return list(islice(listed, start, start + PAGE_POSTS + 1))


def _codes(text: str) -> frozenset[str]:
    return frozenset(code.strip().upper() for code in text.split(",") if code.strip())


def _address(request: Request, page: int) -> str:
    """The absolute address of another page. As with the real API it carries the token."""
    return f"http://{request.host}{request.path}?{urlencode({**request.query, 'page': str(page)})}"


def told(post: SimulatedPost, now: int) -> dict[str, object]:
    """A post as version 2 of the API tells it at `now`."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", post.title).strip("-")[:80]
    votes = post.votes_at(now)
    return {
        "id": post.id,
        "slug": slug,
        "title": post.title,
        "description": None,
        "published_at": to_iso(from_ms(post.published_at)),
        "created_at": to_iso(from_ms(post.arrives_at)),
        "kind": post.kind,
        "source": {"title": post.domain, "region": "en", "domain": post.domain, "type": "feed"},
        "original_url": post.url,
        "url": post.url,
        "image": None,
        "instruments": [
            {
                "code": code,
                "title": code.strip(),
                "slug": code.strip().lower(),
                "url": f"https://cryptopanic.com/news/{code.strip().lower()}/",
                "market_cap_usd": None,
                "price_in_usd": None,
            }
            for code in post.codes
        ],
        "votes": None if votes is None else dict(zip(VOTE_KINDS, votes, strict=True)),
        "panic_score": post.panic_score,
        "panic_score_1h": None,
        "author": None,
        "content": {"original": None, "clean": None},
    }
