"""When the application was last seen: by the thread that tells of it, and by whoever gets an answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from prometheus_client import CollectorRegistry
from pymongo import MongoClient

from newswake.health.inputs import Application, Inputs, SourceState
from newswake.health.levels import Kind, Level
from newswake.health.limits import HEARTBEAT_SECONDS
from newswake.health.rules import judge
from streaming.reporting.board import Board
from streaming.reporting.health_metrics import HealthMetrics, Looked
from streaming.reporting.look import Look
from streaming.reporting.reporting import Reporting
from tests.unit.health.builders import AT, ago, application, inputs

SEEN = "newswake_seen_timestamp_seconds"
NEXT_TRY = "newswake_source_next_try_timestamp_seconds"


def exported(found: Looked, name: str, labels: dict[str, str] | None = None) -> float | None:
    registry = CollectorRegistry()
    registry.register(HealthMetrics(lambda: found))
    return registry.get_sample_value(name, labels)


@pytest.fixture
def now() -> list[datetime]:
    return [AT]


@pytest.fixture
def board(now: list[datetime]) -> Board:
    board = Board(application(queries=(), seen_at=AT), clock=lambda: now[0])
    board.started("candles", "run-1")
    return board


@pytest.fixture
def look(board: Board) -> Iterator[Look]:
    """It asks a MongoDB that cannot be asked."""
    with MongoClient[dict[str, Any]](connect=False) as client:
        pass
    yield Look(client["newswake"], board)


def test_a_thread_that_hangs_is_exported_and_hides_no_verdict(board: Board, now: list[datetime], look: Look) -> None:
    now[0] = AT + timedelta(minutes=1)
    assert board.beat().seen_at == now[0], "what MongoDB is told"
    now[0] = AT + timedelta(minutes=10)
    board.ended("run-1", failed=False)
    assert board.application().seen_at == AT + timedelta(minutes=1)
    found = look.inputs_and_health()
    assert exported(found, SEEN) == (AT + timedelta(minutes=1)).timestamp()
    # It answers, so it runs; and only an application that runs is asked for its queries.
    for health in (found[1], look.health(), look.alive()):
        assert [one.level for one in health.of(Kind.APPLICATION)] == [Level.OK]
        assert [one.level for one in health.of(Kind.QUERY)] == [Level.DOWN]


def with_source(next_try_at: datetime | None, of: Application) -> Looked:
    found: Inputs = inputs(application=of, sources=(SourceState("posts.a", "ok", "is read", next_try_at),))
    return found, judge(found)


def test_the_next_poll_of_a_source_is_exported_in_real_time() -> None:
    labels = {"source": "posts.a"}
    live = application()
    assert exported(with_source(ago(minutes=7), live), NEXT_TRY, labels) == ago(minutes=7).timestamp()
    assert exported(with_source(None, live), NEXT_TRY, labels) is None

    year = timedelta(days=365)
    simulated = application(source="simulated", speed=60.0, seen_at=ago(seconds=4), clock_now=AT - year)
    due = AT - year + timedelta(minutes=2)  # in two seconds, from when the simulator's clock was asked
    assert exported(with_source(due, simulated), NEXT_TRY, labels) == ago(seconds=2).timestamp()

    recorded = application(source="recording")
    assert exported(with_source(AT, recorded), NEXT_TRY, labels) is None, "no clock says when that is"


def test_the_sign_of_life_does_not_wait_for_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    told = object.__new__(Reporting)
    told._newest, told._beat_at = {}, -HEARTBEAT_SECONDS
    told._store = told._groups = Mock()
    told._groups.commit.side_effect = lambda reports: done.append("commit")
    for name in ("_beat", "_measure"):
        monkeypatch.setattr(told, name, lambda name=name: done.append(name))
    told._forward(())
    assert done == ["_beat", "commit", "_measure"]
