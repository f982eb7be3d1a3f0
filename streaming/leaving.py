"""Leaves in time when told to stop, whatever Spark is at.

A cold or busy JVM may take longer to end a batch, or to stop, than those who asked for the stop will wait. What is cut
off then is what a crash would cut off: the checkpoint makes the next start repeat it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark import SparkContext

log = logging.getLogger("streaming")


@contextmanager
def left_within(seconds: float, stop: threading.Event) -> Iterator[None]:
    """End the process with code 0 when the block has not ended `seconds` after `stop` was set."""
    ended = threading.Event()

    def watch() -> None:
        stop.wait()
        if not ended.wait(seconds):
            log.warning("a batch was cut off at the stop, after %g s; the next start repeats it", seconds)
            _end_at_once()

    threading.Thread(target=watch, name="leaving", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        stop.set()


def _end_at_once() -> None:
    """Without the JVM's shutdown hooks, which would wait for the batch."""
    logging.shutdown()
    try:
        gateway = SparkContext._gateway
        if gateway is not None:
            gateway.jvm.java.lang.Runtime.getRuntime().halt(0)
    finally:  # the JVM does not live to answer
        os._exit(0)
