"""A small server on 127.0.0.1 that answers what a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit


@contextmanager
def answering(
    answer: Callable[[str, dict[str, str]], str | None], headers: list[Message] | None = None
) -> Iterator[str]:
    """Its address. `answer` takes a path and the parameters and gives the body; None is 404.

    `headers`: takes those of each request.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if headers is not None:
                headers.append(self.headers)
            asked = urlsplit(self.path)
            body = answer(asked.path, dict(parse_qsl(asked.query)))
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write((body or "").encode())

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:  # its thread would turn for ever on a socket that is closed
            server.shutdown()
