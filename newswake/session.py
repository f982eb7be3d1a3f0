"""HTTP sessions whose requests end in time, whatever the other side does.

The library's own time-out is for one piece that is received: a server that sends a byte now and then is waited for
without end. Here a request that is not answered whole in time loses its socket, be it in the status line, the headers,
or the body.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

CHUNK_BYTES = 65_536

_present = threading.local()


class BodyTooLong(requests.RequestException):
    """Raised when an answer has more bytes than were allowed."""


class Deadline:
    """Shuts the socket of a request when `seconds` are over; `passed` says whether it came to that."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, connected: socket.socket) -> None:
        self._socket = connected
        if self.passed:
            self._shut()

    def _shut(self) -> None:
        self.passed = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it is closed already
                # Not that of an SSL socket, which would take its state away from the thread that reads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Connection(HTTPConnection):
    def getresponse(self) -> Any:
        _watch(self.sock)
        return super().getresponse()


class _SecureConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        _watch(self.sock)
        return super().getresponse()


def _watch(connected: socket.socket | None) -> None:
    deadline: Deadline | None = getattr(_present, "deadline", None)
    if deadline is not None and connected is not None:
        deadline.watch(connected)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class BoundedAdapter(HTTPAdapter):
    """Sends a request and reads the whole answer within `timeout_seconds` and `max_body_bytes`.

    Connecting may take `timeout_seconds` once more. Raises what `requests` raises, and `BodyTooLong`.
    """

    def __init__(self, timeout_seconds: float, max_body_bytes: int) -> None:
        self._timeout_seconds = timeout_seconds
        self._max_body_bytes = max_body_bytes
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **more)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        with Deadline(self._timeout_seconds) as deadline:
            _present.deadline = deadline
            try:
                response = super().send(request, True, self._timeout_seconds, verify, cert, proxies)
                response._content = self._read(response)
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                if deadline.passed:
                    raise _timed_out(request) from None
                raise _as_requests(error, request) from error
            finally:
                _present.deadline = None
        if deadline.passed:  # without a Content-Length the shut socket looks like the end of the body
            raise _timed_out(request)
        return response

    def _read(self, response: requests.Response) -> bytes:
        body = bytearray()
        try:
            while piece := response.raw.read1(CHUNK_BYTES, decode_content=True):
                body += piece
                if len(body) > self._max_body_bytes:
                    raise BodyTooLong(f"more than {self._max_body_bytes} bytes")
        except BaseException:
            response.close()
            raise
        response.raw.release_conn()
        return bytes(body)


def bounded_session(timeout_seconds: float, max_body_bytes: int) -> requests.Session:
    """A session all of whose requests are bounded in time and size."""
    session = requests.Session()
    bound(session, timeout_seconds, max_body_bytes)
    return session


def bound(session: requests.Session, timeout_seconds: float, max_body_bytes: int) -> None:
    """Bound all requests of `session`."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, BoundedAdapter(timeout_seconds, max_body_bytes))


def _timed_out(request: requests.PreparedRequest) -> requests.RequestException:
    return requests.exceptions.ReadTimeout("the answer did not end in time", request=request)


def _as_requests(error: Exception, request: requests.PreparedRequest) -> requests.RequestException:
    """An error met while reading the body, as the one that `requests` would have made of it."""
    if isinstance(error, requests.RequestException):
        return error
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return _timed_out(request)
    kind = (
        requests.exceptions.ContentDecodingError
        if isinstance(error, urllib3.exceptions.DecodeError)
        else requests.exceptions.ChunkedEncodingError
    )
    return kind(f"Connection broken: {type(error).__name__}", request=request)
