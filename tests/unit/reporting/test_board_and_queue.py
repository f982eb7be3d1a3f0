"""What is kept of the queries, and that nothing of it can hold one up."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from newswake.health.inputs import TopicState
from newswake.health.read import application_of
from streaming.reporting import queue as queue_module
from streaming.reporting.board import Board, document_of
from streaming.reporting.identity import KILLED, former
from streaming.reporting.listener import Told
from streaming.reporting.queue import Queue
from streaming.reporting.topics import Behind
from tests.unit.health.builders import AT, ago, application, query, report


def told(batch: int = 1, query: str = "candles") -> Told:
    return Told({"batchId": batch}, report(query, batch))


def test_the_board_follows_a_query_from_start_to_end() -> None:
    now = [AT]
    board = Board(application(queries=()), clock=lambda: now[0])
    board.started("candles", "run-1")
    board.started("posts", "run-2")
    now[0] += timedelta(seconds=5)
    board.reported(told(7))
    now[0] += timedelta(seconds=5)
    board.idle("run-2")
    board.ended("run-1", failed=False)
    candles, posts = board.application().queries
    assert (candles.name, candles.active, candles.started_at) == ("candles", False, AT)
    assert not candles.failed
    assert candles.heard_at == AT + timedelta(seconds=5)
    assert (posts.active, posts.heard_at) == (True, AT + timedelta(seconds=10))
    assert board.inputs().application == replace(board.application(), seen_at=now[0])
    assert [one.batch_id for one in board.reports()["candles"]] == [7]
    board.idle("a run that was never told of")
    board.ended("a run that was never told of", failed=True)
    assert not any(one.failed for one in board.application().queries)
    now[0] += timedelta(seconds=5)
    board.worked(["run-2", "a repair's jobs"])
    assert [one.worked_at for one in board.application().queries] == [None, now[0]]
    board.measured((TopicState("Binance", 3),), {"posts": Behind({"Binance": 2}, {"Binance": 60.0})})
    posts = board.application().queries[1]
    assert (dict(posts.messages_behind), dict(posts.seconds_behind)) == ({"Binance": 2}, {"Binance": 60.0})


def test_what_is_written_is_what_is_read() -> None:
    told = application(queries=(query("candles", worked_at=ago(seconds=1), active=False, failed=True),), once=True)
    assert application_of(document_of(told)) == told


def test_a_version_that_told_less_is_read() -> None:
    document = document_of(application())
    for one in document["queries"]:
        del one["worked_at"], one["failed"]
    del document["once"]
    assert application_of(document) == application()


def test_starts_are_counted_since_the_last_clean_stop() -> None:
    starts = (ago(hours=2), ago(hours=1))
    assert former(None) == ((), "")
    assert former(application(state="stopped", starts=starts)) == ((), "")
    assert former(application(state="failed", reason="no disk", starts=starts)) == (starts, "no disk")
    assert former(application(state="running", starts=starts)) == (starts, KILLED)


def test_the_queue_hands_on_in_order_and_what_waits_at_the_end() -> None:
    taken: list[int] = []
    first = threading.Event()

    def work(reports: Sequence[Told]) -> None:
        taken.extend(one.report.batch_id for one in reports)
        first.set()

    queue = Queue(work, beat_seconds=60, gather_seconds=0)
    queue.start()
    queue.reported(told(1))
    assert first.wait(10)
    queue.reported(told(2))
    queue.reported(told(3))
    assert queue.close(timeout_seconds=10)
    assert taken == [1, 2, 3]


def test_a_forwarder_that_hangs_holds_nobody_up_and_only_the_newest_wait(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(queue_module, "MOST_WAITING", 2)
    hangs, go = threading.Event(), threading.Event()
    taken: list[int] = []

    def work(reports: Sequence[Told]) -> None:
        taken.extend(one.report.batch_id for one in reports)
        hangs.set()
        assert go.wait(30)

    queue = Queue(work, beat_seconds=60, gather_seconds=0)
    queue.start()
    queue.reported(told(1))
    assert hangs.wait(10)
    for batch in range(2, 7):
        queue.reported(told(batch))  # returns although nobody takes it
    assert not queue.close(timeout_seconds=0.01)
    go.set()
    assert queue.close(timeout_seconds=10)
    assert taken == [1, 5, 6]
    assert "3 progress reports were dropped" in caplog.text


def test_the_beat_comes_without_any_report() -> None:
    beats = threading.Semaphore(0)
    queue = Queue(lambda reports: beats.release(), beat_seconds=0.01, gather_seconds=0)
    queue.start()
    assert beats.acquire(timeout=10)
    assert beats.acquire(timeout=10)
    queue.close(timeout_seconds=10)
