"""One document a batch in the capped collection `query_progress`: what Spark reports of it, unchanged."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import Any

from py4j.protocol import Py4JError
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQueryListener
from pyspark.sql.streaming.listener import (
    QueryIdleEvent,
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
)

log = logging.getLogger(__name__)


def deliver_reports(spark: SparkSession, timeout_ms: int = 1_000) -> None:
    """Wait until the reports that are under way have arrived: those of the last batches come after the queries' end."""
    try:
        spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(timeout_ms)
    except Py4JError as error:
        log.warning("the last progress reports did not arrive in time: %s", type(error).__name__)


class ProgressListener(StreamingQueryListener):
    """Forwards each report. It never stops a query: a report that cannot be stored is logged and lost."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._reports = database["query_progress"]

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802
        log.info("query %s started", event.name)

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802
        report = json.loads(event.progress.json)
        report["timestamp"] = datetime.fromisoformat(report["timestamp"].replace("Z", "+00:00"))
        try:
            self._reports.insert_one(report)
        except PyMongoError as error:
            log.warning("a progress report of %s was not stored: %s", event.progress.name, type(error).__name__)

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: N802
        """An idle query is healthy; its last report still stands."""

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802
        log.info("query run %s ended%s", event.runId, ": " + event.exception.splitlines()[0] if event.exception else "")
