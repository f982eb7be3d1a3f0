"""Who writes the tables: one document in MongoDB, which every writer reaches, whatever machine it runs on.

The application holds the tables from its start to its end and leaves a sign of life every few seconds. A second one is
refused as long as signs come. That matters most for a lake on S3, where Delta keeps only the commits of one process
apart, but two applications of the same tables are a mistake anywhere. One that was killed leaves no more signs, and its
successor waits that out, unless it runs in the same home: there a lock file (streaming/locks.py) has shown already that
the other is gone. No clock of another machine is read: a successor counts the time without a sign on its own.

Who cannot leave a sign stops writing before a successor would begin.

A repair by hand is not the application: it may run beside it, from the same machine and home, where the lock file of
`post_prices` keeps the two apart.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError

from newswake.errors import ServiceError
from newswake.settings import Settings

log = logging.getLogger(__name__)

COLLECTION = "writers"
NAME = "application"
SIGN_SECONDS = 4.0  # between two signs of life
SILENT_SECONDS = 16.0  # who could not leave one for so long writes no more
DEAD_SECONDS = 32.0  # without one for so long, a successor may write

Documents = Database[dict[str, Any]]


@contextmanager
def held(
    database: Documents, settings: Settings, sign_seconds: float = SIGN_SECONDS, dead_seconds: float = DEAD_SECONDS
) -> Iterator[Callable[[], None]]:
    """Hold the tables to the end of the block. What it gives raises `ServiceError` once they are held no more.

    Raises `ServiceError` when another application holds them.
    """
    token = _take(database, settings, sign_seconds, dead_seconds)
    ours = {"_id": NAME, "token": token}
    ended, state = threading.Event(), _Signs(time.monotonic())

    def leave_signs() -> None:
        while not ended.wait(sign_seconds):
            sent_at = time.monotonic()
            try:
                left = database[COLLECTION].update_one(ours, {"$inc": {"signs": 1}}).matched_count
            except PyMongoError as error:
                log.warning("no sign of life could be left in MongoDB: %s", error)
                continue
            if not left:
                state.taken = True
                return
            state.last_at = sent_at

    thread = threading.Thread(target=leave_signs, name="writer", daemon=True)
    thread.start()
    try:
        yield state.check
    finally:
        ended.set()
        thread.join()
        try:
            database[COLLECTION].update_one(ours, {"$set": {"released": True}})
        except PyMongoError as error:  # what the block failed with counts; a successor waits a while longer
            log.warning("the tables could not be given back: %s", error)


class _Signs:
    """When the last sign of life was left, and whether another application has taken over."""

    def __init__(self, now: float) -> None:
        self.last_at = now
        self.taken = False

    def check(self) -> None:
        if self.taken:
            raise ServiceError("Another application has taken over the tables: nothing more is written from here")
        if (silent := time.monotonic() - self.last_at) > SILENT_SECONDS:
            raise ServiceError(
                f"For {silent:.0f} s no sign of life could be left in MongoDB, so another application may have taken "
                "over the tables: nothing more is written from here"
            )


def _take(database: Documents, settings: Settings, sign_seconds: float, dead_seconds: float) -> str:
    """Become the writer; returns the token under which this is known."""
    token = uuid.uuid4().hex
    word = {"_id": NAME, "token": token, "signs": 0, "released": False, **_here(settings)}
    writers = database[COLLECTION]
    while True:
        holder = writers.find_one({"_id": NAME})
        if holder is None:
            try:
                writers.insert_one(dict(word))
            except DuplicateKeyError:  # somebody else was faster
                continue
            return token
        if not _may_be_followed(holder, settings):
            _wait_for_silence(database, holder, sign_seconds, dead_seconds)
        seen = {name: holder.get(name) for name in ("token", "signs")}
        if writers.replace_one({"_id": NAME, **seen}, dict(word)).matched_count:
            return token


def _may_be_followed(holder: Mapping[str, Any], settings: Settings) -> bool:
    is_here = {name: holder.get(name) for name in _here(settings)} == _here(settings)
    return is_here or bool(holder.get("released")) or "token" not in holder


def _wait_for_silence(database: Documents, holder: Mapping[str, Any], sign_seconds: float, dead_seconds: float) -> None:
    """Raises `ServiceError` at the first sign of life; returns when there was none for `dead_seconds`."""
    where = f"{holder.get('host')}, home {holder.get('home')}"
    log.info("waiting whether the application of %s still runs", where)
    pause, deadline = threading.Event(), time.monotonic() + dead_seconds
    while time.monotonic() < deadline:
        pause.wait(sign_seconds / 4)
        now = database[COLLECTION].find_one({"_id": NAME})
        if now is None or now.get("released"):
            return
        if (now.get("token"), now.get("signs")) != (holder["token"], holder["signs"]):
            raise ServiceError(
                f"Another streaming application writes these tables, on {where}: stop it first, or give this one a "
                "database, a lake and checkpoints of its own (mongo.database, lake.path, lake.checkpoints)"
            )


def check(database: Documents, settings: Settings) -> None:
    """Raises `ServiceError` when the tables are written from somewhere else."""
    word = database[COLLECTION].find_one({"_id": NAME})
    here = _here(settings)
    if word is not None and {name: word.get(name) for name in here} != here:
        raise ServiceError(
            f"The tables are written from {word.get('host')}, home {word.get('home')}, and not from here "
            f"({here['host']}, home {here['home']}): run this there, or start the application here first "
            '(make submit ARGS="--once"), which makes this the place'
        )


def _here(settings: Settings) -> dict[str, str]:
    return {"host": socket.gethostname(), "home": str(settings.home.resolve())}
