"""What the application knows of itself, kept up to date by the listener and read by whoever asks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from newswake.health.inputs import Application, Inputs, QueryState, TopicState
from newswake.health.read import APPLICATION_ID
from newswake.health.report import Report
from streaming.reporting.listener import Told
from streaming.reporting.topics import Behind

KEPT_REPORTS = 10


class Board:
    """A forwarder: the state of each query. `clock` tells the machine's time, aware, in UTC."""

    def __init__(self, application: Application, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._application = application
        self._queries: dict[str, QueryState] = {}
        self._runs: dict[str, str] = {}
        self._reports: dict[str, deque[Report]] = {}

    def started(self, query: str, run_id: str) -> None:
        with self._lock:
            self._runs[run_id] = query
            self._queries[query] = QueryState(query, active=True, started_at=self._clock())

    def reported(self, told: Told) -> None:
        with self._lock:
            self._heard(told.report.query)
            self._reports.setdefault(told.report.query, deque(maxlen=KEPT_REPORTS)).appendleft(told.report)

    def idle(self, run_id: str) -> None:
        with self._lock:
            self._heard(self._runs.get(run_id))

    def ended(self, run_id: str, *, failed: bool) -> None:
        with self._lock:
            if query := self._queries.get(self._runs.get(run_id, "")):
                self._queries[query.name] = replace(query, active=False, failed=failed)

    def worked(self, run_ids: Iterable[str]) -> None:
        """Take the runs that Spark is at work on; others, such as a repair's jobs, are nobody's."""
        with self._lock:
            for run_id in run_ids:
                if query := self._queries.get(self._runs.get(run_id, "")):
                    self._queries[query.name] = replace(query, worked_at=self._clock())

    def _heard(self, name: str | None) -> None:
        if name is not None and (query := self._queries.get(name)):
            self._queries[name] = replace(query, heard_at=self._clock())

    def becomes(self, **changes: Any) -> None:
        """Change what the application says of itself, as the fields of `Application`."""
        with self._lock:
            self._application = replace(self._application, **changes)

    def measured(self, topics: tuple[TopicState, ...], behind: Mapping[str, Behind]) -> None:
        """Take the ends of the topics and how far each query is behind them."""
        with self._lock:
            self._application = replace(self._application, topics=topics, kafka_error="")
            for name, query in self._queries.items():
                if found := behind.get(name):
                    self._queries[name] = replace(
                        query, messages_behind=dict(found.messages), seconds_behind=dict(found.seconds)
                    )

    def beat(self) -> Application:
        """A sign of life of the thread that measures and writes: all of it, seen now."""
        self.becomes(seen_at=self._clock())
        return self.application()

    def application(self) -> Application:
        """All of it, seen at the last beat."""
        with self._lock:
            queries = tuple(self._queries[name] for name in sorted(self._queries))
            return replace(self._application, queries=queries)

    def reports(self) -> dict[str, tuple[Report, ...]]:
        with self._lock:
            return {name: tuple(reports) for name, reports in self._reports.items()}

    def inputs(self) -> Inputs:
        """What is known without asking anybody: enough to judge the queries. Who answers is seen, whatever its beat."""
        at = self._clock()
        return Inputs(at=at, application=replace(self.application(), seen_at=at), reports=self.reports())


def document_of(application: Application) -> dict[str, Any]:
    """As it stands in MongoDB (newswake.health.read has the other way)."""
    return {"_id": APPLICATION_ID, **asdict(application)}
