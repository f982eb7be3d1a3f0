"""Spark's reports, handed on as immutable records: the callbacks run in Spark's own thread, so they do nothing else."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQueryListener
from pyspark.sql.streaming.listener import (
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
    """Takes what the listener hears. Returns at once and never raises: a query must not wait or end for it."""

    def started(self, query: str, run_id: str) -> None: ...

    def reported(self, told: Told) -> None: ...

    def idle(self, run_id: str) -> None: ...

    def ended(self, run_id: str) -> None: ...


def deliver_reports(spark: SparkSession, timeout_ms: int = 1_000) -> None:
    """Wait until the reports that are under way have arrived: those of the last batches come after the queries' end."""
    try:
        spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(timeout_ms)
    except Py4JError as error:
        log.warning("the last progress reports did not arrive in time: %s", type(error).__name__)


class ProgressListener(StreamingQueryListener):
    """Hands on each event to every forwarder. `steps` knows how long each batch wrote, and where."""

    def __init__(self, steps: Steps, forwarders: Sequence[Forwarder]) -> None:
        self._steps = steps
        self._forwarders = tuple(forwarders)

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802
        log.info("query %s started", event.name)
        for forwarder in self._forwarders:
            forwarder.started(str(event.name), str(event.runId))

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802
        told = read_report(event.progress.json, self._steps)
        for forwarder in self._forwarders:
            forwarder.reported(told)

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: N802
        for forwarder in self._forwarders:
            forwarder.idle(str(event.runId))

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802
        log.info("query run %s ended%s", event.runId, ": " + event.exception.splitlines()[0] if event.exception else "")
        for forwarder in self._forwarders:
            forwarder.ended(str(event.runId))


def read_report(text: str, steps: Steps) -> Told:
    """A report in Spark's JSON, with `sinkMs` (milliseconds by step of writing) and `rowsWritten` beside its own."""
    document = json.loads(text)
    written = steps.take(document["name"], int(document["batchId"]))
    document["timestamp"] = datetime.fromisoformat(document["timestamp"].replace("Z", "+00:00"))
    milliseconds = {step: round(seconds * 1_000) for step, seconds in written.seconds.items()}
    document["sinkMs"] = {step: taken for step, taken in milliseconds.items() if taken}
    document["rowsWritten"] = written.rows
    return Told(document, report_of(document))
