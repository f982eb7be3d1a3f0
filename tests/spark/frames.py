"""Static frames in the shape of Kafka rows, and what became of each message in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from streaming.queries import dead_letters
from streaming.schemas import KEYS, TABLES

KAFKA_ROW = "topic string, partition int, offset long, timestamp timestamp, key binary, value binary"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TOLERANCE_SECONDS = 300

# Messages of the corpora came to the broker at this moment.
ARRIVED = datetime(2025, 1, 6, 12, 0, 30, tzinfo=UTC)
ARRIVED_MS = (ARRIVED - EPOCH) // timedelta(milliseconds=1)
MINUTE_MS, HOUR_MS = 60_000, 3_600_000

Message = tuple[bytes | None, bytes | None, datetime]


def kafka_frame(spark: SparkSession, messages: Iterable[Message], topic: str = "topic") -> DataFrame:
    """(key, value, Kafka time) in the order of their offsets -> one frame of Kafka rows."""
    rows = [(topic, 0, offset, at, key, value) for offset, (key, value, at) in enumerate(messages)]
    return spark.createDataFrame(rows, KAFKA_ROW)


def table_frame(spark: SparkSession, table: str, numbers: Iterable[int], told: Mapping[str, Column]) -> DataFrame:
    """A row of a table for each number, of which the columns in `told` are made (from `n`).

    The rest of its key is the same in all rows, its other columns are null.
    """
    rest = {name: F.lit("same") for name in KEYS[table]}
    columns = {field.name: F.lit(None) for field in TABLES[table]} | rest | dict(told)
    rows = spark.createDataFrame([(number,) for number in numbers], "n long")
    return rows.select(*(columns[field.name].cast(field.dataType).alias(field.name) for field in TABLES[table]))


def as_json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


@dataclass(frozen=True)
class Case:
    """One message of a corpus. `reason`: a part of the reason why it is refused, None where it is accepted."""

    name: str
    value: bytes | None
    reason: str | None = None
    key: bytes | None = None

    def __str__(self) -> str:
        return self.name


@dataclass
class Fate:
    """Where one message ended: its rows in the table, its reasons in the dead letters."""

    rows: list[Row] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def fates_of(
    spark: SparkSession,
    cases: Sequence[Case],
    parse: Callable[[DataFrame, int], DataFrame],
    build: Callable[[DataFrame], DataFrame],
) -> dict[str, Fate]:
    """Parse all messages in one frame and look for each of them in the table and in the dead letters."""
    messages = kafka_frame(spark, [(case.key, case.value, ARRIVED) for case in cases])
    parsed = parse(messages, TOLERANCE_SECONDS).persist()
    fates = {case.name: Fate() for case in cases}
    assert len(fates) == len(cases), "two cases have the same name"
    for row in build(parsed).collect():
        fates[cases[row["position"]].name].rows.append(row)
    for row in dead_letters.build(parsed).collect():
        case = cases[row["offset"]]
        fates[case.name].reasons.append(row["reason"])
        assert (row["value"], row["key"]) == (case.value, case.key), "the dead letter holds other bytes"
    parsed.unpersist()
    return fates


def assert_fate(case: Case, fate: Fate, rows: int) -> None:
    """A refused message is in the dead letters once and nowhere else; an accepted one gives its rows and no letter."""
    if case.reason is None:
        assert not fate.reasons, f"refused: {fate.reasons}"
        assert len(fate.rows) == rows
    else:
        assert not fate.rows, "accepted, although it is malformed"
        assert len(fate.reasons) == 1
        assert case.reason in fate.reasons[0]


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}
