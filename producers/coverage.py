"""What each source did, in MongoDB, so that "no news" and "not watching" differ.

`source_coverage` has one row a poll, `source_states` one document a source. Both are written beside the work, by a
thread of their own: a producer neither waits for MongoDB nor ends because it is away. Rows wait for it in memory, the
oldest are dropped when there are too many, and their number is said.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bson.errors import BSONError
from pymongo import ASCENDING, DESCENDING, IndexModel, MongoClient, ReplaceOne
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.write_concern import WriteConcern

from newswake.clock import to_ms
from newswake.settings import Mongo

log = logging.getLogger(__name__)

ROWS, STATES = "source_coverage", "source_states"
MOST_ROWS = 20_000  # some hours of a dozen sources, about 10 MB
MOST_AT_ONCE = 500
FLUSH_SECONDS = 0.5
AWAY_SECONDS = 5.0
CLOSE_SECONDS = 1.0
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Coverage:
    """One poll of a source. All times are in the producer's clock.

    `reason` says why it was not `ok`. `gap_seconds` is the time since the last good poll before it, None where there
    was none. `covered_from` and `covered_until` bound what the answer told of (posts by publication, candles by open
    time and by close), None where it told nothing; `not_covered` names coins that are missing in it.
    """

    source: str
    polled_at: datetime
    ok: bool
    reason: str | None = None
    gap_seconds: float | None = None
    covered_from: datetime | None = None
    covered_until: datetime | None = None
    not_covered: tuple[str, ...] = ()

    def document(self, expire_at: datetime) -> Document:
        """The `_id` depends on nothing but source and time, so that a row which is written again is the same row."""
        body = {**vars(self), "reason": _storable(self.reason), "not_covered": list(self.not_covered)}
        return {"_id": f"{self.source}:{to_ms(self.polled_at)}", **body, "expire_at": expire_at}


@dataclass
class _Waiting:
    """What MongoDB does not have yet."""

    rows: deque[Document] = field(default_factory=deque)
    states: dict[str, Document] = field(default_factory=dict)
    dropped: int = 0


class Ledger:
    """Writes coverage and states to MongoDB from a thread of its own.

    `owner` is how the names of a program's sources begin ("posts", "candles"); states of its sources of former runs,
    of which this one tells nothing, are removed. Nothing is asked of MongoDB before `start`.
    """

    def __init__(self, mongo: Mongo, owner: str, most_rows: int = MOST_ROWS) -> None:
        self._mongo = mongo
        self._owner = owner
        self._most_rows = most_rows
        self._waiting = _Waiting()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._away = False
        self._thread = threading.Thread(target=self._work, name="coverage", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def covered(self, coverage: Coverage) -> None:
        """Take a row; never blocks and never fails."""
        expire_at = datetime.now(UTC) + timedelta(days=self._mongo.coverage_ttl_days)
        with self._lock:
            self._waiting.rows.append(coverage.document(expire_at))
            while len(self._waiting.rows) > self._most_rows:
                self._waiting.rows.popleft()
                self._waiting.dropped += 1

    def state(self, source: str, body: Document) -> None:
        """Take the present state of a source in place of the one before; never blocks and never fails."""
        document = {"_id": source, **body, "reason": _storable(body.get("reason")), "written_at": datetime.now(UTC)}
        with self._lock:
            self._waiting.states[source] = document

    def close(self, timeout_seconds: float = CLOSE_SECONDS) -> None:
        """Write what waits, for at most `timeout_seconds`, and say how much could not be written."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)
        with self._lock:
            left, dropped = len(self._waiting.rows), self._waiting.dropped
        if left or dropped:
            log.warning("%d rows of %s were not written, and %d dropped: MongoDB was away", left, ROWS, dropped)

    def _work(self) -> None:
        database: Database[dict[str, Any]] | None = None
        while True:
            stopping = self._stop.wait(AWAY_SECONDS if self._away else FLUSH_SECONDS)
            try:
                if database is None:
                    database = self._prepared()
                self._write_all(database)
                self._came_back()
            except (PyMongoError, BSONError, ValueError) as error:  # ValueError: what the driver says of some addresses
                self._went_away(error)
            if stopping:
                return

    def _prepared(self) -> Database[dict[str, Any]]:
        """The database, with the indexes, and without the states of sources that are no more."""
        milliseconds = self._mongo.timeout_ms
        client: MongoClient[dict[str, Any]] = MongoClient(
            self._mongo.uri.get_secret_value(),
            serverSelectionTimeoutMS=milliseconds,
            socketTimeoutMS=2 * milliseconds,
            tz_aware=True,
            appname=f"newswake-{self._owner}",
        )
        try:
            # On disk before it is forgotten here: a mongod that is killed loses what was only acknowledged.
            durable = WriteConcern("majority", wtimeout=milliseconds, j=True)
            database = client.get_database(self._mongo.database, write_concern=durable)
            database[ROWS].create_indexes(
                [
                    IndexModel([("source", ASCENDING), ("polled_at", DESCENDING)]),
                    IndexModel([("covered_until", DESCENDING)]),
                    IndexModel([("expire_at", ASCENDING)], expireAfterSeconds=0),
                ]
            )
            with self._lock:
                present = list(self._waiting.states)
            database[STATES].delete_many({"_id": {"$regex": rf"^{self._owner}\.", "$nin": present}})
        except BaseException:
            client.close()
            raise
        return database

    def _write_all(self, database: Database[dict[str, Any]]) -> None:
        """Write until nothing waits. What was not written, because of an error, still waits."""
        while True:
            with self._lock:
                rows = [self._waiting.rows[place] for place in range(min(MOST_AT_ONCE, len(self._waiting.rows)))]
                states = list(self._waiting.states.values())
            if not rows and not states:
                return
            for collection, documents in ((STATES, states), (ROWS, rows)):
                if documents:
                    writes = [ReplaceOne({"_id": one["_id"]}, dict(one), upsert=True) for one in documents]
                    database[collection].bulk_write(writes, ordered=False)
            with self._lock:
                # By identity: meanwhile a newer state may have come, and the oldest rows may have been dropped.
                written = {id(document) for document in rows}
                while self._waiting.rows and id(self._waiting.rows[0]) in written:
                    self._waiting.rows.popleft()
                for state in states:
                    if self._waiting.states.get(state["_id"]) is state:
                        del self._waiting.states[state["_id"]]

    def _went_away(self, error: Exception) -> None:
        if not self._away:
            # The text of the error may hold the address, and with it the password.
            code = f", code {error.code}" if isinstance(error, OperationFailure) else ""
            log.warning(
                "MongoDB (setting mongo.uri) cannot be written (%s%s): up to %d rows of %s wait for it",
                type(error).__name__, code, self._most_rows, ROWS,
            )  # fmt: skip
        self._away = True

    def _came_back(self) -> None:
        with self._lock:
            dropped, self._waiting.dropped = self._waiting.dropped, 0
        if self._away:
            log.info("MongoDB is written again")
        if dropped:
            log.warning("%d rows of %s were dropped, because MongoDB was away for too long", dropped, ROWS)
        self._away = False


def _storable(text: str | None) -> str | None:
    """Text that can be written as UTF-8, whatever a source said."""
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")
