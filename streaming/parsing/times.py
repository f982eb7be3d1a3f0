"""Bounds for the times in a message: nothing before 2010, nothing ahead of the moment when the broker got it.

A time in the future would push the watermark, and every later row would be late. A sender's own time is only a claim,
so the measure is the Kafka time, which the broker stamps on append.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import Column
from pyspark.sql import functions as F

LATEST_MS = (2**63 - 1) // 1000
EARLIEST_MS = int(datetime(2010, 1, 1, tzinfo=UTC).timestamp() * 1000)


def time_checks(name: str, at_ms: Column, kafka_ms: Column, tolerance_seconds: int) -> list[tuple[Column, str]]:
    """Conditions over epoch milliseconds, each with the reason to refuse the message."""
    return [
        (at_ms < EARLIEST_MS, f"{name} lies before 2010"),
        (at_ms > kafka_ms + tolerance_seconds * 1000, f"{name} lies in the future"),
    ]


def to_ms(moment: Column) -> Column:
    """timestamp -> epoch milliseconds, rounded down."""
    return F.unix_millis(moment)


def from_ms(milliseconds: Column) -> Column:
    """epoch milliseconds -> timestamp, null for more than a timestamp holds, which would end the query."""
    return F.when(milliseconds.between(-LATEST_MS, LATEST_MS), F.timestamp_millis(milliseconds))
