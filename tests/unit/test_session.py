"""Whatever the other side does, a request ends in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from newswake.session import BodyTooLong, bounded_session

SECONDS = 0.4


class Dripping(BaseHTTPRequestHandler):
    """Sends one byte every 50 ms at the place that the path names, without end."""

    closing = threading.Event()

    def do_GET(self) -> None:
        try:
            if self.path == "/status":
                self._drip(b"HTTP/1.1 2")
            elif self.path == "/headers":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
                self._drip(b".")
            elif self.path == "/length":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                self._drip(b".")
            elif self.path == "/close":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                self._drip(b".")
            elif self.path == "/gzip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")
                self._drip(b"\x1f")
            else:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)
        except OSError:
            self.close_connection = True

    def _drip(self, content: bytes) -> None:
        for byte in content + b"." * 1_000:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.closing.wait(0.05):
                return

    def log_message(self, *_: object) -> None:
        """Nothing: the test's own report is enough."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Dripping.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["/status", "/headers", "/length", "/close", "/gzip"])
def test_a_drip_is_a_time_out_wherever_it_drips(address: str, path: str) -> None:
    session = bounded_session(SECONDS, 1_000_000)
    began = time.monotonic()
    with pytest.raises(requests.RequestException) as caught:
        session.get(address + path)
    assert time.monotonic() - began < 3 * SECONDS
    if path != "/gzip":  # one byte too many of which is no gzip already
        assert isinstance(caught.value, requests.Timeout)


def test_a_body_that_is_too_long_is_not_read_to_its_end(address: str) -> None:
    with pytest.raises(BodyTooLong):
        bounded_session(SECONDS, 1_000).get(f"{address}/good")


def test_a_session_goes_on_after_a_time_out(address: str) -> None:
    session = bounded_session(SECONDS, 1_000_000)
    with pytest.raises(requests.Timeout):
        session.get(f"{address}/length")
    assert session.get(f"{address}/good").content == b"x" * 5000
