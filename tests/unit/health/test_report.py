"""Spark's JSON as a record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from newswake.health.report import report_of

PROGRESS: dict[str, Any] = {
    "id": "c0",
    "runId": "r0",
    "name": "post_prices",
    "timestamp": "2026-03-02T12:00:00.250Z",
    "batchId": 7,
    "numInputRows": 30,
    "inputRowsPerSecond": 15.0,
    "processedRowsPerSecond": 20.0,
    "durationMs": {"addBatch": 1200, "latestOffset": 5, "triggerExecution": 1500},
    "eventTime": {"watermark": "2026-03-02T04:00:00.000Z"},
    "stateOperators": [
        {
            "operatorName": "symmetricHashJoin",
            "numRowsTotal": 10,
            "numRowsDroppedByWatermark": 2,
            "memoryUsedBytes": 100,
            "customMetrics": {"rocksdbSstFileSize": 50},
        },
        {"operatorName": "dedupe", "numRowsTotal": 5, "numRowsDroppedByWatermark": 1, "memoryUsedBytes": 7},
    ],
    "sources": [
        {
            "description": "KafkaV2[Subscribe[Binance]]",
            "endOffset": {"Binance": {"0": 90, "1": 10}},
            "latestOffset": {"Binance": {"0": 100, "1": 10, "2": 4}},
        },
        {"description": "FileStreamSource", "endOffset": {"logOffset": 0}, "latestOffset": None},
    ],
    "sinkMs": {"mongodb": 250},
    "rowsWritten": 3,
}


def test_a_batch() -> None:
    report = report_of(PROGRESS)
    assert (report.query, report.batch_id, report.at) == (
        "post_prices",
        7,
        datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC),
    )
    assert (report.seconds, report.phases["latestOffset"], report.sinks) == (1.5, 0.005, {"mongodb": 0.25})
    assert report.watermark == datetime(2026, 3, 2, 4, tzinfo=UTC)
    assert (report.state_rows, report.state_bytes, report.late_rows) == (15, 157, 3)
    uncounted = [{**operator, "numRowsTotal": None} for operator in PROGRESS["stateOperators"]]
    assert report_of({**PROGRESS, "stateOperators": uncounted}).state_rows is None
    assert report_of({**PROGRESS, "stateOperators": []}).state_rows == 0
    assert report.read_to == {"Binance": {"0": 90, "1": 10}}
    # A partition that the batch did not know counts whole.
    assert (report.behind_by_topic(), report.messages_behind) == ({"Binance": 14}, 14)


def test_what_a_batch_without_state_or_data_leaves_out_is_nothing() -> None:
    bare = {name: PROGRESS[name] for name in ("name", "runId", "batchId", "timestamp")}
    report = report_of({**bare, "eventTime": {"watermark": "1970-01-01T00:00:00.000Z"}, "inputRowsPerSecond": None})
    assert (report.watermark, report.seconds, report.states, report.input_rows_per_second) == (None, 0.0, (), 0.0)
    assert report.read_to == {}


def test_what_is_no_report_is_refused() -> None:
    with pytest.raises(KeyError):
        report_of({"batchId": 1})
