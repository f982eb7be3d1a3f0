"""What nobody foresaw is told with its trace, and does not fill the log."""

from __future__ import annotations

import logging

import pytest

from dashboard.surprises import Surprises


def _fails(value: object) -> Exception:
    try:
        if value is None:
            raise KeyError(value)
        raise TypeError(value)
    except (KeyError, TypeError) as error:
        return error


def test_each_place_is_told_once_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    surprises = Surprises(logging.getLogger("test"))
    for value in (1, 2, None, None, 3):
        surprises.tell(f"with {value}", _fails(value))
    assert [record.getMessage() for record in caplog.records] == ["with 1", "with None"]
    assert all(record.exc_info for record in caplog.records)
