"""Reports on their way: what is added to Spark's own, and that those who take them may fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition
from pymongo.errors import AutoReconnect

from streaming.reporting.board import Board
from streaming.reporting.groups import GroupOffsets
from streaming.reporting.listener import ProgressListener, ReportsAsText, Told, read_report
from streaming.reporting.mongodb import MongoStore
from streaming.sinks.steps import Step, Steps
from tests.unit.health.builders import application, report
from tests.unit.health.test_report import PROGRESS


def test_a_report_has_the_steps_of_writing_beside_sparks_own() -> None:
    steps = Steps()
    steps.took("post_prices", 7, Step.COMPUTE, 0.25)
    steps.took("post_prices", 7, Step.COMPARE, 0.125)
    steps.took("post_prices", 7, Step.COMPARE, 0.125)
    steps.took("post_prices", 7, Step.COMPACT, 0.0001)
    steps.wrote("post_prices", 7, 12)
    steps.took("post_prices", 8, Step.COMPUTE, 9.0)
    spark = {name: value for name, value in PROGRESS.items() if name not in ("sinkMs", "rowsWritten")}
    told = read_report(json.dumps(spark), steps)
    assert {name: told.document[name] for name in spark if name != "timestamp"} == {
        name: value for name, value in spark.items() if name != "timestamp"
    }
    assert told.document["timestamp"] == datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)
    assert told.document["sinkMs"] == {"compute": 250, "compare": 250}
    assert (told.report.rows_written, told.report.sinks) == (12, {"compute": 0.25, "compare": 0.25})
    assert read_report(json.dumps(spark), steps).document["sinkMs"] == {}, "it is told once"
    assert steps.take("post_prices", 8).seconds == {"compute": 9.0}


def test_rows_that_are_not_counted_are_unknown_and_not_none() -> None:
    told = read_report(json.dumps(PROGRESS), Steps(), counts_state_rows=False)
    assert [operator["numRowsTotal"] for operator in told.document["stateOperators"]] == [None, None]
    assert (told.report.state_rows, told.report.state_bytes) == (None, 157)


def test_a_report_crosses_from_the_jvm_as_one_text() -> None:
    """The fake event has nothing else to ask for: pyspark's own way would fail on it."""

    heard: list[str] = []

    class Hears:
        def reported(self, told: Told) -> None:
            heard.append(told.report.query)

    class Progress:
        def json(self) -> str:
            return json.dumps(PROGRESS)

    class Event:
        def progress(self) -> Progress:
            return Progress()

    ReportsAsText(ProgressListener(Steps(), [Hears()])).onQueryProgress(Event())  # type: ignore[list-item]
    assert heard == [PROGRESS["name"]]


def test_the_log_says_by_its_name_which_query_has_ended(caplog: pytest.LogCaptureFixture) -> None:
    """Spark's own event of the end has only the run."""
    listener = ProgressListener(Steps(), [])
    with caplog.at_level("INFO"):
        listener.onQueryStarted(SimpleNamespace(name="candles", runId="r1"))  # type: ignore[arg-type]
        listener.onQueryTerminated(SimpleNamespace(runId="r1", exception="no broker\n\tat …"))  # type: ignore[arg-type]
    assert caplog.messages == ["query candles started", "query candles ended: no broker"]


@pytest.mark.parametrize(("exception", "failed"), [(None, False), ("no broker\n\tat …", True)])
def test_who_follows_a_query_hears_whether_an_error_ended_it(exception: str | None, failed: bool) -> None:
    board = Board(application(queries=()))
    listener = ProgressListener(Steps(), [board])
    listener.onQueryStarted(SimpleNamespace(name="candles", runId="r1"))  # type: ignore[arg-type]
    listener.onQueryTerminated(SimpleNamespace(runId="r1", exception=exception))  # type: ignore[arg-type]
    (candles,) = board.application().queries
    assert (candles.active, candles.failed) == (False, failed)


def test_batches_that_never_report_are_forgotten() -> None:
    steps = Steps()
    for batch in range(1_000):
        steps.took("posts", batch, Step.COMPUTE, 1.0)
    assert steps.take("posts", 0).seconds == {}
    assert steps.take("posts", 999).seconds == {"compute": 1.0}


class Collection:
    """Fails while it is told to."""

    def __init__(self) -> None:
        self.away = False
        self.documents: list[Any] = []

    def insert_many(self, documents: list[Any]) -> None:
        if self.away:
            raise AutoReconnect("gone")
        self.documents += documents

    def replace_one(self, key: dict[str, Any], document: dict[str, Any], upsert: bool) -> None:
        assert upsert
        self.insert_many([document])


def test_a_database_that_is_away_is_said_once_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    reports, signs = Collection(), Collection()
    store = MongoStore({"query_progress": reports, "application": signs})  # type: ignore[arg-type]
    told = Told({"batchId": 1}, report())
    store.store([told])
    store.store([])
    reports.away = signs.away = True
    store.store([told])
    store.sign(application())
    assert caplog.text.count("cannot be stored: AutoReconnect") == 1
    reports.away = signs.away = False
    store.sign(application())
    assert len(reports.documents) == len(signs.documents) == 1
    assert "_id" not in told.document, "what others take as well was changed"


class Broker:
    """Its side of a commit: it `refuses` a partition, or is away while it `waits`."""

    def __init__(self) -> None:
        self.committed: list[tuple[str, dict[int, int]]] = []
        self.refuses: int | None = None
        self.waits = False

    def consumer(self, config: dict[str, Any]) -> Any:
        return Asks(self, config["group.id"], config["on_commit"])


class Asks:
    """A consumer, which hears the answers when it is polled."""

    def __init__(self, broker: Broker, group: str, answered: Callable[[KafkaError | None, list[Any]], None]) -> None:
        self.broker, self.group, self.answered = broker, group, answered
        self.asked: list[list[TopicPartition]] = []

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert asynchronous, "the thread has a sign of life to give"
        self.asked.append(offsets)

    def poll(self, timeout: float) -> None:
        assert timeout == 0
        while self.asked and not self.broker.waits:
            offsets = self.asked.pop()
            self.broker.committed.append((self.group, {one.partition: one.offset for one in offsets}))
            error = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
            self.answered(
                None,
                [SimpleNamespace(error=error if self.broker.refuses == one.partition else None) for one in offsets],
            )


def test_offsets_are_committed_when_they_moved_and_again_when_they_were_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broker = Broker()
    groups = GroupOffsets({}, broker.consumer)
    first = report("posts", read_to={"CryptoPanic": {"0": 5, "1": 7}})
    second = report("posts", read_to={"CryptoPanic": {"0": 6, "1": 7}})
    assert [groups.commit([first]) for _ in range(3)] == [False, True, True]
    assert broker.committed == [("newswake.posts", {0: 5, 1: 7})]
    broker.refuses = 1
    assert [groups.commit([first, second]) for _ in range(3)] == [False, False, False]
    assert caplog.text.count("cannot be shown") == 1
    broker.refuses, broker.waits = None, True
    before = len(broker.committed)
    assert [groups.commit([second]) for _ in range(3)] == [False, False, False]
    broker.waits = False
    assert [groups.commit([second]), groups.commit([second])] == [True, True]
    assert broker.committed[before:] == [("newswake.posts", {0: 6, 1: 7})], "asked once, however long it takes"


def test_each_query_has_a_group() -> None:
    broker = Broker()
    groups = GroupOffsets({}, broker.consumer)
    newest = [report(one, read_to={"CryptoPanic": {"0": 5}}) for one in ("candles", "posts")]
    assert [groups.commit(newest), groups.commit(newest)] == [False, True]
    assert broker.committed == [("newswake.candles", {0: 5}), ("newswake.posts", {0: 5})]
