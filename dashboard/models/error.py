"""What every refusal looks like."""

from __future__ import annotations

from typing import Literal

from dashboard.models.base import Answer

Code = Literal[
    "bad_request", "forbidden", "not_found", "not_allowed", "conflict", "too_large", "invalid",
    "busy", "database_away", "took_too_long", "exchange_away", "not_built", "failed",
]  # fmt: skip


class Problem(Answer):
    """Where a parameter or field does not fit, and why."""

    where: str
    sentence: str


class Error(Answer):
    """`sentence` is for people; programs go by `code`."""

    code: Code
    sentence: str
    problems: list[Problem]


class Refusal(Answer):
    error: Error
