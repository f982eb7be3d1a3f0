"""What all answers share.

Times of charts (`time`) are epoch milliseconds, as the exchanges give them; all other times are ISO-8601 in UTC.
A return is a fraction: 0.01 is one per cent. Null means unknown, which is not 0.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


Milliseconds = Annotated[int, Field(description="epoch milliseconds, UTC")]
Fraction = Annotated[float, Field(description="a fraction: 0.01 is one per cent")]


class Period(Answer):
    """From `start` (included) to `end` (excluded)."""

    start: AwareDatetime
    end: AwareDatetime


class Done(Answer):
    """Something was written."""

    done: bool = True
