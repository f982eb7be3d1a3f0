"""What is shown, as CSV or Parquet."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import polars as pl
from fastapi import Response
from pydantic import BaseModel

Format = Literal["csv", "parquet"]

MEDIA: Final[dict[Format, str]] = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
# What a spreadsheet would take for a formula, at the beginning of a text.
FORMULA: Final = r"^([=+\-@\t\r])"


def rows_of(models: Sequence[BaseModel], **more: Any) -> pl.DataFrame:
    """One row a model, its parts as columns `part_name`, lists of texts joined by a space; `more` in front."""
    rows = [{**more, **flat(model.model_dump())} for model in models]
    return pl.DataFrame(rows, infer_schema_length=None)


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """
    >>> flat({"a": 1, "b": {"c": 2}, "d": ["x", "y"]})
    {'a': 1, 'b_c': 2, 'd': 'x y'}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}_")
        elif isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            found[f"{prefix}{name}"] = " ".join(value)
        elif not isinstance(value, list):
            found[f"{prefix}{name}"] = value
    return found


def as_file(frame: pl.DataFrame, form: Format, name: str) -> Response:
    """A download. In CSV times are ISO-8601 in UTC, and a text that a spreadsheet would run gets a `'` before it."""
    buffer = io.BytesIO()
    if form == "parquet":
        frame.write_parquet(buffer)
    else:
        safe = frame.with_columns(pl.col(pl.String).str.replace(FORMULA, "'$1"))
        safe.write_csv(buffer, datetime_format="%Y-%m-%dT%H:%M:%S%.3fZ")
    disposition = f'attachment; filename="newswake-{name}.{form}"'
    return Response(buffer.getvalue(), media_type=MEDIA[form], headers={"Content-Disposition": disposition})
