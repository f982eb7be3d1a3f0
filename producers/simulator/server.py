"""The HTTP server: routes on one side, a socket on 127.0.0.1 on the other."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from newswake.errors import ServiceError
from producers.simulator.exchange import Exchange
from producers.simulator.faults import DRIP_PIECES, Fault, Faults, parsed, spoiled
from producers.simulator.http import Request, Response, json_response
from producers.simulator.news import NewsApi
from producers.simulator.rss import RssFeed
from producers.simulator.timeline import Timeline
from producers.simulator.world import World

log = logging.getLogger(__name__)

EXCHANGE_PATH = "/api/v3"
MAX_BODY_BYTES = 100_000
LOOK_SECONDS = 0.1  # how soon the loop that listens sees that it is to end


class Simulator:
    """Everything that is served, as a function of a request and the clock."""

    def __init__(self, world: World, timeline: Timeline) -> None:
        self._timeline = timeline
        self._exchange = Exchange(world.market)
        self._news = NewsApi(world.news)
        self._feed = RssFeed(world.feed)
        self._faults = Faults()
        self.stopping = threading.Event()
        self.on_refuse: Callable[[float], None] = lambda seconds: None

    def answer(self, request: Request) -> Response:
        if request.path == "/_faults" and request.method in ("POST", "DELETE"):
            return self._change_faults(request)
        if request.method != "GET":
            return json_response({"error": "only GET is answered here"}, 405)
        if request.path == "/clock":
            return json_response(self._timeline.answer())
        fault = self._faults.take(request)
        if fault and fault.mode == "timeout":
            self.stopping.wait(fault.seconds)
        if fault:  # the body that is spoilt is a whole one, also where the asker has it already
            request = replace(request, headers={})
        offset_ms = int(fault.seconds * 1000) if fault and fault.mode == "clock" else 0
        response = self._good(request, offset_ms)
        return spoiled(fault, request, response) if fault else response

    def _change_faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._faults.clear()
            return json_response({"cleared": True})
        try:
            fault: Fault = parsed(request.body)
        except ValueError as error:
            return json_response({"error": str(error)}, 400)
        if fault.mode == "refused":
            self.on_refuse(fault.seconds)
        else:
            self._faults.add(fault)
        return json_response({"added": True})

    def _good(self, request: Request, offset_ms: int = 0) -> Response:
        now = self._timeline.now()
        # An exchange whose clock is wrong has the right candles all the same: its trades make them.
        if request.path == f"{EXCHANGE_PATH}/time" or not request.path.startswith(EXCHANGE_PATH):
            now += offset_ms
        found: Response | None = None
        if request.path == "/rss":
            found = self._feed.answer(request, now)
        elif request.path.startswith(EXCHANGE_PATH):
            found = self._exchange.answer(request.path.removeprefix(EXCHANGE_PATH), request, now)
        else:
            found = self._news.answer(request, now)
        return found or json_response({"error": "not found"}, 404)


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open between requests; the request line, which carries a token, is not logged."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120
    server: Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            return self._send(json_response({"error": "the body is too long"}, 413))
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            host=self.headers.get("Host", "127.0.0.1"),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )
        if self.server.refuses.is_set():
            self.close_connection = True
            return None
        return self._send(self.server.simulator.answer(request))

    def _send(self, response: Response) -> None:
        length = len(response.body) if response.declared_length is None else response.declared_length
        self.close_connection |= response.dropped or response.drips_headers or length != len(response.body)
        if response.dropped:
            return
        try:
            if response.drips_headers:
                self._drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"." * DRIP_PIECES, response.drip_seconds)
                return
            self.send_response(response.status)
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(length))
            self.send_header("X-Simulated", "true")
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if response.drip_seconds:
                self._drip(response.body, response.drip_seconds)
            else:
                self.wfile.write(response.body)
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the asker did not wait, which is its right

    def _drip(self, content: bytes, pause: float) -> None:
        size = max(1, len(content) // DRIP_PIECES)
        for start in range(0, len(content), size):
            self.wfile.write(content[start : start + size])
            self.wfile.flush()
            if self.server.simulator.stopping.wait(pause):
                return

    def version_string(self) -> str:
        return "newswake-simulator"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it)
        log.debug("answered %s", self.command if hasattr(self, "command") else "a broken request")


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1 only; port 0 lets the system choose. Usable as a context manager that serves meanwhile.

    Raises `ServiceError` when the port is taken.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, simulator: Simulator, port: int) -> None:
        self.simulator = simulator
        self.simulator.on_refuse = self._refuse
        self.refuses = threading.Event()
        try:
            super().__init__(("127.0.0.1", port), Handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise ServiceError(
                f"The simulator cannot listen on 127.0.0.1:{port} (setting simulator.port): {error.strerror}"
            ) from error

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.simulator.stopping.set()
        self.shutdown()
        self.server_close()

    def _listen(self) -> None:
        threading.Thread(target=self.serve_forever, args=(LOOK_SECONDS,), name="simulator", daemon=True).start()

    def _refuse(self, seconds: float) -> None:
        """Close the port; open it again after `seconds`. Connections that are open are dropped meanwhile."""
        self.refuses.set()
        self.shutdown()
        self.socket.close()
        threading.Thread(target=self._listen_again, args=(seconds,), name="simulator-refuses", daemon=True).start()

    def _listen_again(self, seconds: float) -> None:
        if self.simulator.stopping.wait(seconds):
            return
        self.socket = socket.socket(self.address_family, self.socket_type)
        self.server_bind()
        self.server_activate()
        self.refuses.clear()
        self._listen()
