"""One batch of one query as Spark reports it, as an immutable record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Offsets = Mapping[str, Mapping[str, int]]  # per topic and partition


@dataclass(frozen=True)
class StateOperator:
    """`rows` and `memory_bytes` are what the operator holds, `late_rows` what this batch brought too late for it.

    `rows` is None where they were not counted.
    """

    name: str
    rows: int | None
    memory_bytes: int
    disk_bytes: int
    late_rows: int


@dataclass(frozen=True)
class Report:
    """One batch of a query.

    `phases` are seconds by Spark's name of the phase (`triggerExecution` is the whole), `sinks` seconds by the step of
    writing (ours, streaming/sinks), `read_to` and `latest` the offsets up to which the batch read, and those that the
    topics had then.
    """

    query: str
    run_id: str
    batch_id: int
    at: datetime
    input_rows: int
    input_rows_per_second: float
    processed_rows_per_second: float
    phases: Mapping[str, float] = field(default_factory=dict)
    sinks: Mapping[str, float] = field(default_factory=dict)
    rows_written: int = 0
    watermark: datetime | None = None
    states: tuple[StateOperator, ...] = ()
    read_to: Offsets = field(default_factory=dict)
    latest: Offsets = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long the whole batch took."""
        return self.phases.get("triggerExecution", 0.0)

    @property
    def state_rows(self) -> int | None:
        """None where an operator did not count them."""
        counted = [state.rows for state in self.states if state.rows is not None]
        return sum(counted) if len(counted) == len(self.states) else None

    @property
    def state_bytes(self) -> int:
        """Memory and, where the store says so, disk."""
        return sum(state.memory_bytes + state.disk_bytes for state in self.states)

    @property
    def late_rows(self) -> int:
        return sum(state.late_rows for state in self.states)

    @property
    def messages_behind(self) -> int:
        """Messages that the topics had and the batch did not read."""
        return sum(self.behind_by_topic().values())

    def behind_by_topic(self) -> dict[str, int]:
        return {
            topic: sum(max(0, end - self.read_to.get(topic, {}).get(partition, 0)) for partition, end in ends.items())
            for topic, ends in self.latest.items()
        }


def report_of(document: Mapping[str, Any]) -> Report:
    """A report in Spark's JSON, or as it stands in `query_progress`, as a record.

    What a version of Spark leaves out is empty or 0. Raises `KeyError` or `ValueError` for what is no report at all.
    """
    watermark = (document.get("eventTime") or {}).get("watermark")
    sources = document.get("sources") or []
    return Report(
        query=document["name"],
        run_id=str(document["runId"]),
        batch_id=int(document["batchId"]),
        at=_time(document["timestamp"]),
        input_rows=int(document.get("numInputRows") or 0),
        input_rows_per_second=float(document.get("inputRowsPerSecond") or 0.0),
        processed_rows_per_second=float(document.get("processedRowsPerSecond") or 0.0),
        phases=_seconds(document.get("durationMs")),
        sinks=_seconds(document.get("sinkMs")),
        rows_written=int(document.get("rowsWritten") or 0),
        # Spark's first batch has the epoch, which says nothing.
        watermark=found if watermark and (found := _time(watermark)).year > 1970 else None,
        states=tuple(_state(operator) for operator in document.get("stateOperators") or ()),
        read_to=_offsets(source.get("endOffset") for source in sources),
        latest=_offsets(source.get("latestOffset") for source in sources),
    )


def _state(operator: Mapping[str, Any]) -> StateOperator:
    custom = operator.get("customMetrics") or {}
    return StateOperator(
        name=str(operator.get("operatorName")),
        rows=int(rows) if (rows := operator.get("numRowsTotal")) is not None else None,
        memory_bytes=int(operator.get("memoryUsedBytes") or 0),
        disk_bytes=int(custom.get("rocksdbSstFileSize") or 0),
        late_rows=int(operator.get("numRowsDroppedByWatermark") or 0),
    )


def _offsets(found: Any) -> dict[str, dict[str, int]]:
    """Of the positions of a query's sources, those of topics."""
    read: dict[str, dict[str, int]] = {}
    for position in found:
        if isinstance(position, Mapping):
            for topic, ends in position.items():
                if isinstance(ends, Mapping):
                    read[topic] = {str(partition): int(end) for partition, end in ends.items()}
    return read


def _seconds(milliseconds: Mapping[str, Any] | None) -> dict[str, float]:
    return {name: float(value) / 1_000 for name, value in (milliseconds or {}).items()}


def _time(value: str | datetime) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
