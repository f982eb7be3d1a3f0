"""Runs work until a signal: SIGTERM and SIGINT stop it in the time that a supervisor gives."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
LOOK_SECONDS = 0.25


def run_until_signal(work: Callable[[threading.Event], None], grace_seconds: float = 4.0) -> bool:
    """Run `work(stop)` in a thread; on SIGTERM or SIGINT set `stop` and give it `grace_seconds` to return.

    Returns whether it did. Where it did not, it waits for an answer from the net: everything it had to say is said,
    and the caller may end the process. Raises what `work` raises.
    """
    stop = threading.Event()
    failures: list[BaseException] = []
    caught: list[int] = []

    def guarded() -> None:
        try:
            work(stop)
        except BaseException as error:  # noqa: BLE001  handed to the main thread below
            failures.append(error)

    def on_signal(number: int, frame: FrameType | None) -> None:
        caught.append(number)  # nothing that takes a lock: the interrupted line may hold it

    previous = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        thread = threading.Thread(target=guarded, name="work", daemon=True)
        thread.start()
        while thread.is_alive() and not caught:
            thread.join(LOOK_SECONDS)
        stop.set()
        thread.join(grace_seconds)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if failures:
        raise failures[0]
    return not thread.is_alive()
