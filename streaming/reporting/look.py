"""What the endpoint answers from: MongoDB, looked at no more often than needed, and what this process knows itself."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo.database import Database
from pymongo.errors import PyMongoError

from newswake.health.inputs import Inputs, ServiceState
from newswake.health.levels import Health, Kind
from newswake.health.read import read
from newswake.health.rules import judge
from newswake.mongo import refusal
from streaming.reporting.board import Board

KEPT_SECONDS = 2.0
TIMEOUT_SECONDS = 3.0


class Look:
    """Anybody may ask at any time; MongoDB is asked once in `KEPT_SECONDS`."""

    def __init__(self, database: Database[dict[str, Any]], board: Board) -> None:
        self._database = database
        self._board = board
        self._lock = threading.Lock()
        self._last: tuple[Inputs, Health] | None = None
        self._until = 0.0

    def inputs_and_health(self) -> tuple[Inputs, Health]:
        """The verdicts on what is known now; in the inputs, the application is seen at its last beat, as in MongoDB."""
        with self._lock:
            if self._last is None or time.monotonic() >= self._until:
                inputs = self._inputs()
                self._last = replace(inputs, application=self._board.application()), judge(inputs)
                self._until = time.monotonic() + KEPT_SECONDS
            return self._last

    def health(self) -> Health:
        return self.inputs_and_health()[1]

    def alive(self) -> Health:
        """Only what this process knows: neither MongoDB nor a source can make it start again."""
        health = judge(self._board.inputs())
        own = tuple(one for one in health.verdicts if one.kind in (Kind.APPLICATION, Kind.QUERY))
        return replace(health, verdicts=own)

    def _inputs(self) -> Inputs:
        own = self._board.inputs()
        try:
            with pymongo.timeout(TIMEOUT_SECONDS):  # a server that hangs must not keep a scrape
                known = read(self._database, datetime.now(UTC), (ServiceState("mongodb", True, "answers"),))
        except PyMongoError as error:
            return replace(own, services=(ServiceState("mongodb", False, str(refusal(error))),))
        # What MongoDB has of this process is up to a beat old.
        return replace(known, application=own.application, reports={**known.reports, **own.reports})
