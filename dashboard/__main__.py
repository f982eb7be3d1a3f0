"""The page: `python -m dashboard` serves it until a signal; with `openapi` it prints the API's description instead."""

from __future__ import annotations

import errno
import json
import logging
import signal
import socket
import sys
from typing import Final

import uvicorn

from dashboard.app import create_app
from dashboard.prompt import PromptProtocol
from newswake import logs
from newswake.errors import NewswakeError, ServiceError
from newswake.settings import Settings, load

log = logging.getLogger(__name__)

STOP_SECONDS: Final = 3
MOST_REQUEST_BYTES: Final = 16_384


def serve(settings: Settings) -> bool:
    """Serve until a signal; whether that is what ended it. Raises `ServiceError` for a port that is taken."""
    failures: list[str] = []

    def stop_after_failure() -> None:
        failures.append("a loop failed")
        server.should_exit = True

    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings, stop_after_failure),
            http=PromptProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
            ws_max_size=MOST_REQUEST_BYTES,
            ws_ping_interval=20.0,
            ws_ping_timeout=20.0,
        )
    )
    # uvicorn raises the signal that ended it once more; that we were asked to end is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: None)
    with _listening(settings.dashboard.host, settings.dashboard.port) as bound:
        log.info("the page is at http://%s:%d", settings.dashboard.host, bound.getsockname()[1])
        server.run(sockets=[bound])
    return not failures


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(256)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise ServiceError(f"Port {port} is taken: set another one with NEWSWAKE_DASHBOARD__PORT") from None
        raise ServiceError(f"{host} cannot be listened on (setting dashboard.host): {error.strerror}") from None
    return bound


def main() -> None:
    try:
        settings = load()
        logs.configure(settings, "dashboard")
        if sys.argv[1:] == ["openapi"]:
            print(json.dumps(create_app(settings).openapi(), indent=1, ensure_ascii=False))
            return
        ended_well = serve(settings)
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)
    sys.exit(0 if ended_well else 1)


if __name__ == "__main__":
    main()
