"""Spark's reports, handed on as immutable records: the callbacks run in Spark's own thread, so they do nothing else."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from py4j.java_gateway import JavaObject
from py4j.protocol import Py4JError
from pyspark import SparkContext
from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQueryListener
from pyspark.sql.streaming.listener import (
    JStreamingQueryListener,
    QueryIdleEvent,
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
)

from newswake.health.report import Report, report_of
from streaming.sinks.steps import Steps

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """One report: Spark's own JSON, with our steps of writing in it, and the record of it."""

    document: Mapping[str, Any]
    report: Report


class Forwarder(Protocol):
    """Takes what the listener hears. Returns at once and never raises: a query must not wait or end for it.

    `failed`: an error ended the query; one that was stopped, or has read all that there was, has none.
    """

    def started(self, query: str, run_id: str) -> None: ...

    def reported(self, told: Told) -> None: ...

    def idle(self, run_id: str) -> None: ...

    def ended(self, run_id: str, *, failed: bool) -> None: ...


def deliver_reports(spark: SparkSession, timeout_ms: int = 1_000) -> None:
    """Wait until the reports that are under way have arrived: those of the last batches come after the queries' end."""
    try:
        spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(timeout_ms)
    except Py4JError as error:
        log.warning("the last progress reports did not arrive in time: %s", type(error).__name__)


class ReportsAsText(JStreamingQueryListener):
    """Hands a report on as the one text that it is in the JVM.

    pyspark asks the JVM for each of its numbers, of which the state alone has hundreds: in a profile of the running
    application with small batches, 17 % of its work.
    """

    def __init__(self, listener: ProgressListener) -> None:
        super().__init__(listener)
        self._listener = listener

    def onQueryProgress(self, jevent: JavaObject) -> None:  # noqa: N802
        self._listener.told(jevent.progress().json())


class ProgressListener(StreamingQueryListener):
    """Hands on each event to every forwarder. `steps` knows how long each batch wrote, and where.

    `counts_state_rows`: as state_rows.py told Spark.
    """

    def __init__(self, steps: Steps, forwarders: Sequence[Forwarder], *, counts_state_rows: bool = True) -> None:
        self._steps = steps
        self._counts_state_rows = counts_state_rows
        self._forwarders = tuple(forwarders)
        self._in_jvm: JavaObject | None = None
        self._names: dict[str, str] = {}

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802
        log.info("query %s started", event.name)
        self._names[str(event.runId)] = str(event.name)
        for forwarder in self._forwarders:
            forwarder.started(str(event.name), str(event.runId))

    @property
    def _jlistener(self) -> JavaObject:
        if self._in_jvm is None:
            assert SparkContext._jvm is not None, "there is a session, to which this listener is added"
            self._in_jvm = SparkContext._jvm.PythonStreamingQueryListenerWrapper(ReportsAsText(self))
        return self._in_jvm

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802
        self.told(event.progress.json)

    def told(self, text: str) -> None:
        """Of one batch: `text` is Spark's report of it in JSON."""
        told = read_report(text, self._steps, counts_state_rows=self._counts_state_rows)
        for forwarder in self._forwarders:
            forwarder.reported(told)

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: N802
        for forwarder in self._forwarders:
            forwarder.idle(str(event.runId))

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802
        name = self._names.pop(str(event.runId), f"run {event.runId}")
        log.info("query %s ended%s", name, f": {event.exception.splitlines()[0]}" if event.exception else "")
        for forwarder in self._forwarders:
            forwarder.ended(str(event.runId), failed=event.exception is not None)


def read_report(text: str, steps: Steps, *, counts_state_rows: bool = True) -> Told:
    """A report in Spark's JSON, with `sinkMs` (milliseconds by step of writing) and `rowsWritten` beside its own.

    `numRowsTotal` of a state that is not counted, of which Spark says 0, is null.
    """
    document = json.loads(text)
    written = steps.take(document["name"], int(document["batchId"]))
    document["timestamp"] = datetime.fromisoformat(document["timestamp"].replace("Z", "+00:00"))
    milliseconds = {step: round(seconds * 1_000) for step, seconds in written.seconds.items()}
    document["sinkMs"] = {step: taken for step, taken in milliseconds.items() if taken}
    document["rowsWritten"] = written.rows
    if not counts_state_rows:
        document["stateOperators"] = [{**one, "numRowsTotal": None} for one in document.get("stateOperators") or ()]
    return Told(document, report_of(document))
