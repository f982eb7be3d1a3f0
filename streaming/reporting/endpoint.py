"""One port for those who watch from outside: /live and /ready for an orchestrator, /health for people, /metrics."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from newswake.health.levels import Health, Kind, Level

log = logging.getLogger(__name__)

JSON = "application/json; charset=utf-8"
CONNECTION_SECONDS = 10.0  # that somebody may take to ask


@dataclass(frozen=True)
class Answers:
    """What the endpoint answers from. `live` judges only what the process knows itself, `ready` everything.

    `is_starting`: not all queries have been started yet.
    """

    live: Callable[[], Health]
    ready: Callable[[], Health]
    is_starting: Callable[[], bool]
    registry: CollectorRegistry


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # the standard library's own 5 turn away what comes at once


class Endpoint:
    """Answers until it is closed. An endpoint that cannot be opened is said, and is no reason to stop a query."""

    def __init__(self, address: str, port: int, answers: Answers) -> None:
        self._address, self._port, self._answers = address, port, answers
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        answers = self._answers

        class Handler(BaseHTTPRequestHandler):
            timeout = CONNECTION_SECONDS

            def do_GET(self) -> None:
                code, kind, body = answer(self.path, answers)
                self.send_response(code)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                """A line a scrape would fill the log."""

        try:
            self._server = Server((self._address, self._port), Handler)
        except OSError as error:
            log.warning(
                "no health endpoint and no metrics on %s:%d (settings monitor.address and monitor.port): %s",
                self._address, self._port, error.strerror,
            )  # fmt: skip
            return
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="endpoint", daemon=True).start()
        log.info("health http://%s:%d/ready, metrics http://%s:%d/metrics", *(self._address, self._port) * 2)

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def answer(path: str, answers: Answers) -> tuple[int, str, bytes]:
    """(status, content type, body).

    /live fails when only a new start can help: a query that is stuck or has ended, or a start that does not come to
    its end. /ready fails while the application starts, or anything is down. /health answers with the same body and
    always 200.
    """
    match path.partition("?")[0].rstrip("/"):
        case "/live":
            health = answers.live()
            own = (*health.of(Kind.APPLICATION), *health.of(Kind.QUERY))
            return 503 if any(one.level is Level.DOWN for one in own) else 200, JSON, _body(health)
        case "/ready":
            health = answers.ready()
            is_ready = health.level is not Level.DOWN and not answers.is_starting()
            return 200 if is_ready else 503, JSON, _body(health)
        case "/health":
            return 200, JSON, _body(answers.ready())
        case "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(answers.registry)
        case _:
            return 404, "text/plain; charset=utf-8", b"/live, /ready, /health, /metrics\n"


def _body(health: Health) -> bytes:
    return json.dumps(health.as_json(), ensure_ascii=False).encode() + b"\n"
