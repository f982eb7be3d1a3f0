"""When old files are deleted, and what happens when that cannot be noted."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from newswake.settings_sources import resolve
from streaming import housekeeping
from streaming.context import Context
from streaming.housekeeping import Housekeeping

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class FullDisk:
    """Files none of which can be written."""

    def __init__(self, spark: object) -> None:
        self.tried = 0

    def read_text(self, path: str) -> str:
        raise FileNotFoundError(path)

    def write_text(self, path: str, text: str) -> None:
        self.tried += 1
        raise OSError(f"{path} could not be written: No space left on device")


def test_what_cannot_be_noted_is_said_and_counts_for_the_process(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(housekeeping, "Files", FullDisk)
    settings = resolve(environ={}).settings
    keeper = Housekeeping(Context(SimpleNamespace(), settings))  # type: ignore[arg-type]
    pause = timedelta(hours=settings.lake.vacuum_hours)
    with caplog.at_level(logging.WARNING):
        assert not keeper.is_due(NOW), "a new lake has nothing to delete"
    assert "No space left on device" in caplog.text
    assert not keeper.is_due(NOW + 0.9 * pause)
    assert keeper.is_due(NOW + pause)
