"""Faults that a test asks for: what a source does when it does not do what it should."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import orjson

from producers.simulator.http import Response, json_response

MODES = ("429", "418", "451", "403", "500", "html", "truncated", "cut", "timeout", "empty")
MAX_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Fault:
    """`mode` for the next `count` requests whose path begins with `path`.

    `retry_after` goes into the header of that name; `seconds` is how long `timeout` keeps silent.
    """

    path: str
    mode: str
    count: int
    retry_after: int | None = None
    seconds: float = 30.0


class Faults:
    """The faults in force, the oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, body: bytes) -> Response:
        """The answer to `POST /_faults`."""
        try:
            asked = orjson.loads(body)
            retry_after = asked.get("retry_after")
            fault = Fault(
                path=str(asked.get("path", "/")),
                mode=str(asked["mode"]),
                count=int(asked.get("count", 1)),
                retry_after=None if retry_after is None else int(retry_after),
                seconds=min(MAX_TIMEOUT_SECONDS, float(asked.get("seconds", 30.0))),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return json_response({"error": f"not a fault: {error}"}, 400)
        if fault.mode not in MODES:
            return json_response({"error": f"mode is one of {', '.join(MODES)}"}, 400)
        with self._lock:
            self._faults.append(fault)
        return json_response({"added": True})

    def clear(self) -> Response:
        """The answer to `DELETE /_faults`."""
        with self._lock:
            self._faults.clear()
        return json_response({"cleared": True})

    def take(self, path: str) -> Fault | None:
        """The fault for a request to `path`, used up by one; None when it is to be answered well."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                if path.startswith(fault.path):
                    if fault.count <= 1:
                        del self._faults[place]
                    else:
                        self._faults[place] = replace(fault, count=fault.count - 1)
                    return fault
        return None


def spoiled(fault: Fault, good: Response) -> Response:
    """What goes out in place of `good`."""
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if fault.mode == "html":
        page = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking</body></html>"
        return Response(200, page, "text/html; charset=utf-8", headers)
    if fault.mode == "truncated":
        return replace(good, body=good.body[: len(good.body) // 2], declared_length=len(good.body))
    if fault.mode == "cut":
        return replace(good, body=good.body[: len(good.body) // 2])
    if fault.mode == "empty":
        return Response(200, b"", good.content_type, headers)
    if fault.mode == "timeout":
        return good
    return json_response(_REFUSALS[fault.mode], int(fault.mode), headers)


_REFUSALS = {
    "429": {"code": -1003, "msg": "Too many requests; please slow down.", "info": "Rate limit exceeded"},
    "418": {"code": -1003, "msg": "Way too many requests; IP banned."},
    "451": {"code": 0, "msg": "Service unavailable from a restricted location according to 'b. Eligibility'."},
    "403": {"status": "api_error", "info": "API monthly quota exceeded. Upgrade your API plan."},
    "500": {"code": -1001, "msg": "Internal error; unable to process your request. Please try again."},
}
