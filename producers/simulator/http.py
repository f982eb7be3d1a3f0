"""What an endpoint gets and gives, free of sockets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson


@dataclass(frozen=True)
class Request:
    """`query` has the last value of each name; `host` is the `Host` header; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    host: str = "127.0.0.1"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    """An answer, and how it is to be spoilt on its way.

    `declared_length` is set where the header is to lie about the body (a connection that breaks off). With
    `drip_seconds` the body goes out in small pieces with such a pause between them, or the headers byte by byte.
    `dropped`: the connection is closed in place of an answer.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    declared_length: int | None = None
    drip_seconds: float = 0.0
    drips_headers: bool = False
    dropped: bool = False


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), headers=headers or {})
