"""`python -m tests.integration.loud posts|candles [crash]`: a producer in which every library logs all it can.

With `crash` its third poll ends in an error that nobody expects, and whose text and causes hold what is secret.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import requests

from newswake import logs
from newswake.settings import Settings, load
from producers.__main__ import main
from producers.posts.loop import Poller

configure, step, steps = logs.configure, Poller.step, 0


def configure_loudly(settings: Settings, program: str, level: int = logging.DEBUG) -> None:
    configure(settings, program, logging.DEBUG)
    for noisy in ("urllib3", "py4j", "ccxt", "pymongo"):
        logging.getLogger(noisy).setLevel(logging.DEBUG)


def crash(self: Any) -> float:
    global steps
    steps += 1
    if steps < 3:
        return step(self)
    settings = load()
    key, uri = settings.cryptopanic.key.get_secret_value(), settings.mongo.uri.get_secret_value()
    try:
        requests.get("http://127.0.0.1:1/posts", params={"auth_token": key}, timeout=1)
    except requests.ConnectionError as error:
        raise RuntimeError(f"unexpected: {key} {uri}") from error
    raise AssertionError("somebody listens on port 1")


logs.configure = configure_loudly
if "crash" in sys.argv:
    sys.argv.remove("crash")
    Poller.step = crash  # type: ignore[method-assign]
if __name__ == "__main__":
    main()
