"""What is said of a MongoDB that cannot be used."""

from __future__ import annotations

import pytest
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from newswake.mongo import refusal


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (13, "MongoDB refuses us: the setting mongo.uri names no user, or one without the rights"),
        (18, "MongoDB refuses the user and the password in the setting mongo.uri"),
        (8000, "MongoDB refuses us, with code 8000 (setting mongo.uri)"),
    ],
)
def test_a_refusal_says_why_and_names_the_setting(code: int, said: str) -> None:
    assert str(refusal(OperationFailure("mongodb://user:secret@host", code))) == said


def test_a_server_that_does_not_answer_is_told_from_one_that_refuses() -> None:
    assert str(refusal(ServerSelectionTimeoutError("secret"))).startswith("No MongoDB answers")
