"""Rows of polls: the gap since the last good one, and a database that is not there."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newswake.settings import Mongo
from producers.coverage import Coverage, Ledger
from producers.states import Condition, StateBoard
from scripts.supervision import wait_until
from tests.conftest import free_ports

START = datetime(2025, 1, 10, 12, tzinfo=UTC)
PASSWORD = "pl4nted-mongo-password"


class KeptRows(Ledger):
    def __init__(self) -> None:
        super().__init__(Mongo(), "posts")
        self.rows: list[Coverage] = []

    def covered(self, coverage: Coverage) -> None:
        self.rows.append(coverage)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_a_gap_is_the_time_since_the_last_good_poll_also_over_a_restart(tmp_path: Path) -> None:
    rows = KeptRows()
    board = StateBoard(tmp_path, rows)
    for minutes, error in ((0, "500"), (1, None), (2, None), (4, "429"), (7, "429")):
        board.polled("posts.a", at(minutes), error)
        board.show("posts.a", Condition.WAITING if error else Condition.OK, error or "is read", at(minutes))
    again = StateBoard(tmp_path, rows)  # after a restart
    again.polled("posts.a", at(30), None)
    again.polled("posts.b", at(30), None)
    again.polled("posts.a", at(29), "the clock was set back")
    seconds = [None if row.gap_seconds is None else row.gap_seconds / 60 for row in rows.rows]
    assert seconds == [None, None, 1, 2, 5, 28, None, 0]
    assert json.loads((tmp_path / "posts.a.json").read_text())["last_ok_at"] == "2025-01-10T12:02:00Z"


def test_a_row_that_is_written_again_is_the_same_row() -> None:
    row = Coverage("posts.a", START, False, "said \ud800", 3.0)
    first, second = row.document(at(1)), row.document(at(2))
    assert first["_id"] == second["_id"] == "posts.a:1736510400000"
    assert first["reason"] == "said ?"
    assert Coverage("posts.a", at(1), True).document(at(1))["_id"] != first["_id"]


@pytest.mark.parametrize("address", ["mongodb://user:{password}@host:port", "mongodb://user:{password}@a@host", ""])
def test_an_address_that_is_none_is_said_and_not_shown(address: str, caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger(Mongo.model_validate({"uri": address.format(password=PASSWORD)}), "posts")
    ledger.start()
    assert wait_until(lambda: "MongoDB (setting mongo.uri) cannot be written" in caplog.text, 5, step_seconds=0.02)
    ledger.close()
    assert PASSWORD not in caplog.text


def test_without_a_database_nothing_waits_and_what_was_dropped_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    uri = f"mongodb://user:{PASSWORD}@127.0.0.1:{free_ports(1)[0]}/"
    ledger = Ledger(Mongo.model_validate({"uri": uri, "timeout_ms": 50}), "posts", most_rows=10)
    began = time.monotonic()
    ledger.start()
    for minute in range(25):
        ledger.covered(Coverage("posts.a", at(minute), True))
        ledger.state("posts.a", {"reason": "is read"})
    assert time.monotonic() - began < 0.3
    assert wait_until(lambda: "cannot be written" in caplog.text, 5, step_seconds=0.02)
    ledger.close()
    assert time.monotonic() - began < 5
    assert "MongoDB (setting mongo.uri) cannot be written (ServerSelectionTimeoutError): up to 10 rows" in caplog.text
    assert caplog.text.count("cannot be written") == 1
    assert "10 rows of source_coverage were not written, and 15 dropped" in caplog.text
    assert PASSWORD not in caplog.text
