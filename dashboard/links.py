"""Links of posts: text from the net, so only http and https are links."""

from __future__ import annotations

from urllib.parse import urlsplit

LONGEST = 2_000


def safe_link(url: str | None) -> str | None:
    """The link, if a browser may follow it; None for every other scheme, and for what no link can hold.

    >>> safe_link("https://a.com/b"), safe_link("javascript:alert(1)"), safe_link("java\\tscript:alert(1)")
    ('https://a.com/b', None, None)
    """
    if not url or len(url) > LONGEST or any(character <= " " or character == "\x7f" for character in url):
        return None
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises for what is no port
    except ValueError:
        return None
    return url if parts.scheme.lower() in ("http", "https") and parts.hostname else None
