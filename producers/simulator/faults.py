"""Faults that somebody asks for: what a source does when it does not do what it should.

`POST /_faults` adds one, `DELETE /_faults` takes all away:

    curl -d '{"path": "/rss", "mode": "429", "count": 5, "retry_after": 60}' http://127.0.0.1:8790/_faults
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from producers.simulator.http import Request, Response, json_response

MAX_SECONDS = 120.0
MAX_CLOCK_SECONDS = 366 * 24 * 3600.0
DRIP_PIECES = 1_000

# Each mode with what the asker meets.
MODES = {
    "401": "a key that is wrong",
    "403": "a quota that is spent",
    "forbidden": "403 with a page that says nothing about a quota",
    "418": "a ban, with the header of `retry_after` if given",
    "429": "a limit, with the header of `retry_after` if given",
    "451": "a country that is not served",
    "500": "an error of the server",
    "503": "an error page of a proxy before it",
    "html": "a page with status 200",
    "truncated": "half the body that the header promises, then the end of the connection",
    "cut": "half the body, and the header says so",
    "empty": "status 200 and no body",
    "nothing": "a good answer whose lists are empty",
    "timeout": "the answer after `seconds`",
    "drip": "the body in small pieces over `seconds`",
    "drip_headers": "the status line in single bytes over `seconds`",
    "dropped": "the connection closed without an answer",
    "redirect": "302 to `location`, the question appended as servers do",
    "clock": "an answer as of `seconds` from now (may be negative)",
    "delisted": "a market, `symbol`, that is no longer there",
    "refused": "nobody listens on the port for `seconds`, whatever the path; the clock is gone as well",
}


@dataclass(frozen=True)
class Fault:
    """`mode` for the next `count` requests whose path begins with `path`; the other fields as the modes say."""

    path: str
    mode: str
    count: int
    retry_after: int | None = None
    seconds: float = 30.0
    location: str = ""
    symbol: str = ""

    def concerns(self, request: Request) -> bool:
        if not request.path.startswith(self.path):
            return False
        if self.mode == "delisted":
            return request.path.endswith("/exchangeInfo") or request.query.get("symbol") == self.symbol
        return True


class Faults:
    """The faults in force, the oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, request: Request) -> Fault | None:
        """The fault for a request, used up by one; None when it is to be answered well."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                if fault.concerns(request):
                    if fault.count <= 1:
                        del self._faults[place]
                    else:
                        self._faults[place] = replace(fault, count=fault.count - 1)
                    return fault
        return None


def parsed(body: bytes) -> Fault:
    """The fault that a body of JSON describes. Raises `ValueError` for what is none."""
    try:
        asked = orjson.loads(body)
        retry_after = asked.get("retry_after")
        fault = Fault(
            path=str(asked.get("path", "/")),
            mode=str(asked["mode"]),
            count=int(asked.get("count", 1)),
            retry_after=None if retry_after is None else int(retry_after),
            seconds=float(asked.get("seconds", 30.0)),
            location=str(asked.get("location", "")),
            symbol=str(asked.get("symbol", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a fault: {error}") from error
    if fault.mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}")
    if not abs(fault.seconds) <= (MAX_CLOCK_SECONDS if fault.mode == "clock" else MAX_SECONDS):
        raise ValueError("seconds is out of its bounds")
    if fault.mode == "redirect" and not fault.location:
        raise ValueError("a redirect needs a location")
    if fault.mode == "delisted" and not fault.symbol:
        raise ValueError("what is delisted needs a symbol")
    return fault


def spoiled(fault: Fault, request: Request, good: Response) -> Response:
    """What goes out in place of `good`."""
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    half = good.body[: len(good.body) // 2]
    match fault.mode:
        case "html":
            return Response(200, _PAGE, "text/html; charset=utf-8", headers)
        case "forbidden" | "503":
            status = 403 if fault.mode == "forbidden" else 503
            return Response(status, _PAGE, "text/html; charset=utf-8", headers)
        case "truncated":
            return replace(good, body=half, declared_length=len(good.body))
        case "cut":
            return replace(good, body=half)
        case "empty":
            return Response(200, b"", good.content_type, headers)
        case "nothing":
            return replace(good, body=_emptied(good.body), headers={})
        case "drip":
            return replace(good, drip_seconds=fault.seconds / DRIP_PIECES)
        case "drip_headers":
            return replace(good, drip_seconds=fault.seconds / DRIP_PIECES, drips_headers=True)
        case "dropped":
            return replace(good, dropped=True)
        case "redirect":
            query = "&".join(f"{name}={value}" for name, value in request.query.items())
            return Response(302, b"", headers={"Location": f"{fault.location}?{query}"})
        case "delisted":
            return _without(fault.symbol, good)
        case "timeout" | "clock":
            return good
        case _:
            return json_response(_REFUSALS[fault.mode], int(fault.mode), headers)


_PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking</body></html>"
_REFUSALS = {
    "401": {"status": "api_error", "info": "Token is invalid", "code": -2015, "msg": "Invalid API-key."},
    "429": {"code": -1003, "msg": "Too many requests; please slow down.", "info": "Rate limit exceeded"},
    "418": {"code": -1003, "msg": "Way too many requests; IP banned."},
    "451": {"code": 0, "msg": "Service unavailable from a restricted location according to 'b. Eligibility'."},
    "403": {"status": "api_error", "info": "API monthly quota exceeded. Upgrade your API plan."},
    "500": {"code": -1001, "msg": "Internal error; unable to process your request. Please try again."},
}


def _emptied(body: bytes) -> bytes:
    """The same document with nothing in its lists: JSON, or a feed without items."""
    if body.lstrip()[:1] == b"<":
        return re.sub(rb"<item>.*</item>\s*", b"", body, flags=re.DOTALL)
    document: Any = orjson.loads(body)
    if isinstance(document, Mapping):
        named = {name: [] if isinstance(value, list) else value for name, value in document.items()}
        return orjson.dumps({**named, "next": None} if "next" in named else named)
    return b"[]"


def _without(symbol: str, good: Response) -> Response:
    """The list of markets with `symbol` no longer trading, or the exchange's answer to a symbol that it lacks."""
    document: Any = orjson.loads(good.body)
    if not isinstance(document, Mapping):
        return json_response({"code": -1121, "msg": "Invalid symbol."}, 400)
    markets = [{**one, "status": "BREAK"} if one["symbol"] == symbol else one for one in document["symbols"]]
    return json_response({**document, "symbols": markets})
