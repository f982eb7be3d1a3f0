"""Who may ask: browsers that reached us by our own name, from our own pages, and for writing with our token.

A page of another site could otherwise send requests to this machine (CSRF), or reach it under a name of its own that it
points here (DNS rebinding). A WebSocket is open to every site but for this check.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.refusals import say

LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")
TOKEN_HEADER = "X-Newswake-Token"
READING = ("GET", "HEAD", "OPTIONS")
MOST_BODY_BYTES = 65_536


class Guard:
    """ASGI middleware. `names`: by which the server may be called beside those of this machine."""

    def __init__(self, app: ASGIApp, token: str, names: Iterable[str]) -> None:
        self._app = app
        self._token = token.encode()
        self._names = {name.lower() for name in (*LOCAL_NAMES, *names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        if sentence := self._objection(scope, headers):
            if scope["type"] == "websocket":  # closed before it is accepted: the client sees status 403
                return await send({"type": "websocket.close", "code": 1008, "reason": sentence})
            return await say(403, "forbidden", sentence)(scope, receive, send)
        if scope["type"] == "http" and scope["method"] not in READING:
            if not hmac.compare_digest(headers.get(TOKEN_HEADER, "").encode(), self._token):
                sentence = f"Writing needs the header {TOKEN_HEADER} with the token of /api/session"
                return await say(403, "forbidden", sentence)(scope, receive, send)
            return await self._bounded(scope, receive, send, headers)
        return await self._app(scope, receive, send)

    def _objection(self, scope: Scope, headers: Headers) -> str:
        host = headers.get("host", "")
        if name_of(f"//{host}") not in self._names:
            return "This server does not go by that name (setting dashboard.names)"
        origin = headers.get("origin")
        if origin is not None and not same_place(origin, host):
            return "Requests from other sites are not answered"
        cross = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if cross and headers.get("sec-fetch-mode") != "navigate" and scope["path"].startswith("/api/"):
            return "Requests from other sites are not answered"
        return ""

    async def _bounded(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        """Read the body whole, up to a limit, before anything else looks at it."""
        length = headers.get("content-length", "0")
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > MOST_BODY_BYTES or not length.isdecimal() or int(length) > MOST_BODY_BYTES:
                sentence = f"A body has at most {MOST_BODY_BYTES} bytes"
                await say(413, "too_large", sentence)(scope, receive, send)
                return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, replay, send)


def name_of(address: str) -> str:
    """The name of the machine in an address, in lower case; empty where there is none.

    >>> name_of("//LocalHost:8080"), name_of("//[::1]:8080"), name_of("//a@b:c:d")
    ('localhost', '::1', '')
    """
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  raises for what is no port
    except ValueError:
        return ""
    return "" if parts.username is not None else (parts.hostname or "")


def same_place(origin: str, host: str) -> bool:
    """Whether a page of `origin` was served under the name and port `host`.

    >>> same_place("http://127.0.0.1:8080", "127.0.0.1:8080"), same_place("null", "127.0.0.1:8080")
    (True, False)
    """
    scheme, _, place = origin.partition("://")
    return scheme in ("http", "https") and place.lower() == host.lower()
