"""To Prometheus: what the queries do, as it happens. Names and labels are what conf/monitoring goes by."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from newswake.health.report import Report
from streaming.reporting.listener import Told

SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0)


class QueryMetrics:
    """A forwarder that keeps the series of every query in `registry`, which is our own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, says: str, *labels: str) -> Gauge:
            return Gauge(f"newswake_{name}", says, ("query", *labels), registry=registry)

        def counter(name: str, says: str) -> Counter:
            return Counter(f"newswake_{name}", says, ("query",), registry=registry)

        self._runs: dict[str, str] = {}
        self._active = gauge("query_active", "1 while the query runs")
        self._input_rate = gauge("input_rows_per_second", "Rows that arrived in a second, in the last batch")
        self._processed_rate = gauge("processed_rows_per_second", "Rows that a second of the last batch processed")
        self._input_rows = counter("input_rows", "Rows read from the topics")
        self._written_rows = counter("rows_written", "Rows written to both sinks")
        self._batches = counter("batches", "Batches reported")
        self._batch_seconds = Histogram(
            "newswake_batch_seconds", "Duration of a batch", ("query",), registry=registry, buckets=SECONDS
        )
        self._phase_seconds = gauge("phase_seconds", "Duration of each phase of the last batch, Spark's names", "phase")
        self._sink_seconds = Histogram(
            "newswake_sink_seconds", "Duration of the steps of writing a batch", ("query", "step"),
            registry=registry, buckets=SECONDS,
        )  # fmt: skip
        self._step_seconds = gauge("step_seconds", "Duration of each step of writing the last batch", "step")
        self._batch_id = gauge("batch_id", "The number of the last batch")
        self._watermark = gauge("watermark_timestamp_seconds", "The watermark, as seconds since 1970")
        self._state_rows = gauge("state_rows", "Rows in the state of an operator", "operator")
        self._state_bytes = gauge("state_bytes", "Memory and disk of the state of an operator", "operator")
        self._late_rows = counter("late_rows", "Rows later than the watermark, dropped: the repair prices them")

    def started(self, query: str, run_id: str) -> None:
        self._runs[run_id] = query
        self._active.labels(query).set(1)

    def reported(self, told: Told) -> None:
        report, query = told.report, told.report.query
        self._input_rate.labels(query).set(report.input_rows_per_second)
        self._processed_rate.labels(query).set(report.processed_rows_per_second)
        self._input_rows.labels(query).inc(report.input_rows)
        self._written_rows.labels(query).inc(report.rows_written)
        self._late_rows.labels(query).inc(report.late_rows)
        self._batches.labels(query).inc()
        self._batch_seconds.labels(query).observe(report.seconds)
        for phase, seconds in report.phases.items():
            self._phase_seconds.labels(query, phase).set(seconds)
        self._batch_id.labels(query).set(report.batch_id)
        self._step_seconds.remove_by_labels({"query": query})
        for step, seconds in report.sinks.items():
            self._sink_seconds.labels(query, step).observe(seconds)
            self._step_seconds.labels(query, step).set(seconds)
        if report.watermark is not None:
            self._watermark.labels(query).set(report.watermark.timestamp())
        for operator, (rows, size) in states_of(report).items():
            if rows is not None:
                self._state_rows.labels(query, operator).set(rows)
            self._state_bytes.labels(query, operator).set(size)

    def idle(self, run_id: str) -> None:
        """Nothing arrives, so the rates of the last batch are not those of now."""
        if query := self._runs.get(run_id):
            self._input_rate.labels(query).set(0)
            self._processed_rate.labels(query).set(0)

    def ended(self, run_id: str, *, failed: bool) -> None:
        if query := self._runs.pop(run_id, None):
            self._active.labels(query).set(0)


def states_of(report: Report) -> Mapping[str, tuple[int | None, int]]:
    """(rows or None, bytes) of each stateful operator; two of one name are numbered."""
    found: dict[str, tuple[int | None, int]] = {}
    for state in report.states:
        name, number = state.name, 2
        while name in found:
            name, number = f"{state.name}-{number}", number + 1
        found[name] = (state.rows, state.memory_bytes + state.disk_bytes)
    return found
