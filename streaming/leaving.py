"""Leaves in time when told to stop, whatever Spark is at.

A cold or busy JVM may take longer to end a batch, or to stop, than those who asked for the stop will wait. What is cut
off then is what a crash would cut off: the checkpoint makes the next start repeat it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import stat
import struct
import sys
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from pyspark import SparkContext

log = logging.getLogger("streaming")

# Standard output and error: one pipe to the JVM of spark-submit, which prints what comes.
PRINTED = (1, 2)
READ_SECONDS = 1.0


@contextmanager
def left_within(seconds: float, stop: threading.Event) -> Iterator[None]:
    """End the process with code 0 when the block has not ended `seconds` after `stop` was set."""
    ended = threading.Event()

    def watch() -> None:
        stop.wait()
        if not ended.wait(seconds):
            log.warning("a batch was cut off at the stop, after %g s; the next start repeats it", seconds)
            leave(0)

    threading.Thread(target=watch, name="leaving", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        stop.set()


def leave(code: int) -> NoReturn:
    """End the process, and the JVM that it was started by, with this exit code.

    Not by sys.exit, which would wait for threads that wait for an answer of a Spark that has been stopped; nor by the
    JVM's own way out, whose hooks would wait for batches.
    """
    logging.shutdown()
    logging.disable(logging.CRITICAL)  # what Py4J says of a JVM that is gone must not be the last line
    sys.stdout.flush()
    sys.stderr.flush()
    wait_until_read(PRINTED, READ_SECONDS)
    try:
        gateway = SparkContext._gateway
        if gateway is not None:
            gateway.jvm.java.lang.Runtime.getRuntime().halt(code)
    finally:  # the JVM does not live to answer
        os._exit(code)


def wait_until_read(handles: Sequence[int], seconds: float) -> None:
    """Wait until what was written to those handles that are pipes has been read from them, for at most so long.

    A JVM that is halted before prints no more of it, and the last line is the reason why the application ends.
    """
    pause, deadline = threading.Event(), time.monotonic() + seconds
    for handle in handles:
        if stat.S_ISFIFO(os.fstat(handle).st_mode):
            while _unread(handle) and time.monotonic() < deadline:
                pause.wait(0.01)


def _unread(pipe: int) -> int:
    """How many bytes lie in a pipe."""
    (count,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, struct.pack("i", 0)))
    return int(count)
