"""What the application wrote, as a monitor reads it that may be older."""

from __future__ import annotations

from typing import Any

from newswake.health.read import application_of
from streaming.reporting.board import document_of
from tests.unit.health.builders import application


def test_what_a_newer_application_says_beside_is_left_out() -> None:
    document: dict[str, Any] = document_of(application())
    document["mood"] = "good"
    for inner in (*document["queries"], *document["topics"]):
        inner["mood"] = "good"
    assert application_of(document) == application()
