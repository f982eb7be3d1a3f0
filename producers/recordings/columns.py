"""Reading a Parquet or CSV file of a recording, and bringing its columns to the types that we work with."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import polars as pl

from newswake.errors import RecordingError

TIME = pl.Datetime("ms", "UTC")


def scan(path: Path, required: Collection[str]) -> pl.LazyFrame:
    """The rows of a file, not read yet; every column of a CSV is still text.

    Raises `RecordingError` when the file is missing, is neither Parquet nor CSV, or lacks a required column.
    """
    if not path.is_file():
        raise RecordingError(f"The recording {path} is not there")
    try:
        if path.suffix.lower() == ".parquet":
            frame = pl.scan_parquet(path)
        elif path.suffix.lower() == ".csv":
            frame = pl.scan_csv(path, infer_schema=False)
        else:
            raise RecordingError(f"The recording {path} is neither a .parquet nor a .csv file")
        present = frame.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error
    missing = [name for name in required if name not in present]
    if missing:
        raise RecordingError(
            f"The recording {path} lacks the columns {', '.join(missing)}; it has {', '.join(present) or 'none'}"
        )
    return frame


def unreadable(path: Path, error: Exception) -> RecordingError:
    """The error for a file that polars cannot read: its first line only, which names the cause."""
    cause = (str(error).strip().splitlines() or ["no reason given"])[0]
    return RecordingError(f"The recording {path} cannot be read: {cause}")


def as_time(name: str, kind: pl.DataType) -> pl.Expr:
    """A column as UTC timestamps of milliseconds.

    Accepts timestamps (without a zone: UTC), ISO-8601 text, and epoch numbers, as which seconds, milliseconds and
    microseconds are told apart by their size: exchanges' own dumps have changed from one to the other.
    What cannot be read becomes null.
    """
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        moment = column.dt.convert_time_zone("UTC") if kind.time_zone else column.dt.replace_time_zone("UTC")
        return moment.cast(TIME).alias(name)
    if kind == pl.Date:
        return column.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC").alias(name)
    if kind.is_numeric():
        return _from_epoch(column).alias(name)
    text = column.cast(pl.String).str.strip_chars()
    is_number = text.str.contains(r"^\d+(\.0*)?$")
    number = _from_epoch(text.cast(pl.Float64, strict=False))
    written = text.str.replace(r"^(\d{4}-\d\d-\d\d)[ tT]", "${1}T").str.replace(r"[zZ]$|\+00(:?00)?$", "")
    plain = written.str.to_datetime(time_unit="ms", strict=False, format="%Y-%m-%dT%H:%M:%S%.f")
    minute = written.str.to_datetime(time_unit="ms", strict=False, format="%Y-%m-%dT%H:%M")
    zoned = written.str.to_datetime(time_unit="ms", strict=False, format="%Y-%m-%dT%H:%M:%S%.f%z")
    local = pl.coalesce(plain, minute).dt.replace_time_zone("UTC")
    return pl.when(is_number).then(number).otherwise(pl.coalesce(local, zoned)).alias(name)


def _from_epoch(number: pl.Expr) -> pl.Expr:
    number = number.cast(pl.Float64)
    milliseconds = pl.when(number < 1e11).then(number * 1000).when(number > 1e14).then(number / 1000).otherwise(number)
    return milliseconds.round().cast(pl.Int64, strict=False).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")


def as_number(name: str, kind: pl.DataType, target: type[pl.DataType] = pl.Float64) -> pl.Expr:
    """A column as numbers; what is no number becomes null."""
    column = pl.col(name)
    if kind == pl.String:
        column = column.str.strip_chars().cast(pl.Float64, strict=False)
    return column.cast(target, strict=False).alias(name)


def as_flag(name: str, kind: pl.DataType) -> pl.Expr:
    """A column as true, false or null (unknown)."""
    if kind == pl.Boolean:
        return pl.col(name)
    text = pl.col(name).cast(pl.String).str.strip_chars().str.to_lowercase()
    known = {"true": True, "1": True, "1.0": True, "yes": True, "false": False, "0": False, "0.0": False, "no": False}
    return text.replace_strict(known, default=None, return_dtype=pl.Boolean).alias(name)
