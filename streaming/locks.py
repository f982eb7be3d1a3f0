"""Locks between the processes of one home. The kernel lets go of them when their holder dies, however it dies.

Both the application and a repair by hand write the table `post_prices`: each reads what the table holds, writes to
MongoDB and then to Delta, and nobody else may write between the first and the last. A lock file in the home does that
for everything on one machine, also for threads of one process. It does not reach another machine: that only one
machine and home write is seen to in MongoDB (streaming/writer.py).
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newswake.errors import ServiceError
from newswake.settings import Settings

log = logging.getLogger(__name__)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Wait for the lock file, and hold it to the end of the block. A second one of the same thread waits for ever."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Opened anew each time: what is locked is the opening, so two threads keep each other out like two processes.
    with path.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("waiting for the process %s, which holds %s", path.read_text(encoding="utf-8") or "?", path)
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def only_application(settings: Settings) -> Iterator[None]:
    """Hold the home, and tell the launcher our pid: it must signal this process, not the JVM around it.

    Raises `ServiceError` when another application holds it: two would write to the same checkpoints.
    """
    folder = settings.home / "run"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "streaming.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServiceError(
                f"Another streaming application runs in {settings.home}: stop it first, or set another NEWSWAKE_HOME"
            ) from None
        (folder / "streaming.pid").write_text(str(os.getpid()), encoding="utf-8")
        yield
