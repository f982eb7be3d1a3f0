"""Everything that the application tells of itself, put together: started with it, and ended with it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaException
from prometheus_client import CollectorRegistry
from pymongo.database import Database

from newswake import logs
from newswake.clock import RemoteClock
from newswake.errors import ServiceError
from newswake.health.limits import HEARTBEAT_SECONDS
from newswake.health.report import Report
from newswake.kafka import failure, quiet_config
from streaming.context import Context
from streaming.reporting.board import Board
from streaming.reporting.endpoint import Answers, Endpoint
from streaming.reporting.groups import GroupOffsets
from streaming.reporting.health_metrics import HealthMetrics
from streaming.reporting.identity import identity
from streaming.reporting.listener import ProgressListener, Told, deliver_reports
from streaming.reporting.look import Look
from streaming.reporting.metrics import QueryMetrics
from streaming.reporting.mongodb import MongoStore
from streaming.reporting.queue import Queue
from streaming.reporting.tasks import Tasks
from streaming.reporting.topics import Ends, KafkaBroker
from streaming.sentences import EXPECTED, explain
from streaming.state_rows import are_counted

log = logging.getLogger(__name__)


@contextmanager
def reporting(context: Context, database: Database[dict[str, Any]]) -> Iterator[Reporting]:
    """Tell of the block: that it runs, what its queries do, and how it ended."""
    teller = Reporting(context, database)
    teller.start()
    try:
        yield teller
    except EXPECTED as error:
        teller.failed(error)
        raise
    finally:
        teller.close()


class Reporting:
    """Owns the listener, the thread that forwards what may block, and the endpoint (not when run `once`)."""

    def __init__(self, context: Context, database: Database[dict[str, Any]]) -> None:
        settings = context.settings
        self._context = context
        self._board = Board(identity(settings, database, datetime.now(UTC), once=context.once))
        self._store = MongoStore(database)
        client = quiet_config(settings.kafka)
        self._groups = GroupOffsets(client)
        self._broker = KafkaBroker(client)
        self._ends = Ends(self._broker, (settings.kafka.posts_topic, settings.kafka.candles_topic))
        self._clock = RemoteClock(settings.clock.url, timeout_seconds=1.0) if settings.clock.url else None
        self._tasks = Tasks(context.spark.sparkContext)
        self._queue = Queue(self._forward, HEARTBEAT_SECONDS)
        registry = CollectorRegistry()
        metrics = QueryMetrics(registry)
        look = Look(database, self._board)
        registry.register(HealthMetrics(look.inputs_and_health))
        self._endpoint = Endpoint(
            settings.monitor.address,
            settings.monitor.port,
            Answers(look.alive, look.health, lambda: self._board.application().state == "starting", registry),
        )
        self._listener = ProgressListener(
            context.steps, (self._board, metrics, self._queue), counts_state_rows=are_counted(context)
        )
        self._newest: dict[str, Report] = {}
        self._beat_at = 0.0
        self._state = "stopped"

    def start(self) -> None:
        self._context.spark.streams.addListener(self._listener)
        self._store.sign(self._board.beat())
        self._queue.start()
        if not self._context.once:
            self._endpoint.start()

    def running(self) -> None:
        """All queries have been started."""
        self._board.becomes(state="running", ui_url=self._context.spark.sparkContext.uiWebUrl or "")

    def failed(self, error: Exception) -> None:
        """Remember why the application ends, for those who ask when it is gone."""
        settings = self._context.settings
        try:
            _, reason = explain(error, settings, logs.MaskSecrets(logs.secrets_of(settings)).mask)
        except OSError as defect:
            reason = type(defect).__name__
        self._state = "failed"
        self._board.becomes(reason=reason)

    def close(self) -> None:
        """Tell what is still under way, and last how the application ended."""
        deliver_reports(self._context.spark)
        self._context.spark.streams.removeListener(self._listener)
        self._endpoint.close()
        if self._queue.close():  # else its thread still asks the broker
            self._broker.close()
        self._board.becomes(state=self._state)
        self._store.sign(self._board.beat())

    def _forward(self, told: Sequence[Told]) -> None:
        """The sign of life comes before what asks the broker, which may take seconds when that is away."""
        self._store.store(told)
        self._newest |= {one.report.query: one.report for one in told}
        is_due = time.monotonic() - self._beat_at >= HEARTBEAT_SECONDS
        if is_due:
            self._beat_at = time.monotonic()
            self._beat()
        self._groups.commit(self._newest.values())  # with those that the broker did not take the last time
        if is_due:
            self._measure()

    def _beat(self) -> None:
        if self._clock is not None:
            self._board.becomes(**_told_by(self._clock))
        self._board.worked(self._tasks.at_work())
        self._store.sign(self._board.beat())

    def _measure(self) -> None:
        try:
            self._board.measured(*self._ends.look(self._newest))
        except KafkaException as error:
            self._board.becomes(kafka_error=str(failure(self._context.settings.kafka, error.args[0])))


def _told_by(clock: RemoteClock) -> dict[str, Any]:
    try:
        return {"clock_now": clock.now(), "speed": clock.speed}
    except ServiceError:  # the simulator has ended; what it last said is of no use
        return {"clock_now": None}
