"""Figures and files wait for a place before they read a row; what is short does not wait for them."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard import heavy
from dashboard.lake import LakeTables
from tests.integration.dashboard.conftest import Stored, serving

pytestmark = pytest.mark.integration

FIGURES = (
    "statistics?coin=BTC",
    "gauge?coin=BTC",
    "gauges",
    "wakes",
    "moves",
    "export/candles?coin=BTC",
    "export/posts",
)
SHORT = ("session", "coins", "posts", "candles?coin=BTC", "health")


def test_nothing_is_read_for_who_waits(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def note(lake: LakeTables, table: str, *arguments: Any) -> None:
        read.append(table)

    monkeypatch.setattr(LakeTables, "read", note)
    monkeypatch.setattr(heavy, "AT_ONCE", 0)
    monkeypatch.setattr(heavy, "PATIENCE_SECONDS", 0.01)
    with serving(stored.settings) as page:
        for path in FIGURES:
            answer = page.get(f"/api/{path}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy"), path
            assert answer.headers["Retry-After"]
        assert read == []
        assert [page.get(f"/api/{path}").status_code for path in SHORT] == [200] * len(SHORT)
