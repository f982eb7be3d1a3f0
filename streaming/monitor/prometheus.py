"""The inputs of the rules from Prometheus: a server of it, or the application's own /metrics, wherever it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from newswake.health.inputs import (
    MINUTE,
    Application,
    DeadLetters,
    Inputs,
    QueryState,
    RepairState,
    ServiceState,
    SourceState,
    TopicState,
)
from newswake.health.report import Report, StateOperator

TIMEOUT_SECONDS = 5.0
PREFIX = "newswake_"
OURS = f'{{__name__=~"{PREFIX}.+"}}'


@dataclass(frozen=True)
class Sample:
    """`name` without our prefix."""

    name: str
    labels: Mapping[str, str]
    value: float


class PrometheusLook:
    """`url` is a server's address, or ends in /metrics and is the application's own."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()

    def at(self, moment: datetime) -> Inputs:
        try:
            samples = self._samples()
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            return self._nothing(moment, f"{self._url} does not answer as Prometheus does: {type(error).__name__}")
        if not samples:
            return self._nothing(moment, f"{self._url} has no series of newswake: the application is not scraped")
        return inputs_of(samples, moment, ServiceState("prometheus", True, f"{self._url} answers"))

    def close(self) -> None:
        self._session.close()

    def _samples(self) -> list[Sample]:
        if self._url.endswith("/metrics"):
            return samples_in(self._get(self._url, {}).text)
        found = self._get(f"{self._url}/api/v1/query", {"query": OURS}).json()["data"]["result"]
        return [_sample(one["metric"]["__name__"], one["metric"], float(one["value"][1])) for one in found]

    def _get(self, url: str, parameters: Mapping[str, str]) -> requests.Response:
        answer = self._session.get(url, params=dict(parameters), timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        return answer

    def _nothing(self, moment: datetime, says: str) -> Inputs:
        return Inputs(moment, services=(ServiceState("prometheus", False, says),))


def samples_in(text: str) -> list[Sample]:
    """Our samples in Prometheus's text format."""
    return [
        _sample(sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith(PREFIX)
    ]


def inputs_of(samples: Iterable[Sample], moment: datetime, service: ServiceState) -> Inputs:
    """What the series say, as the rules take it. They have no sentences: why a source waits is not in them."""
    series = Series(samples)
    now = series.moment("data_time_seconds")
    repaired = series.one("repair_age_seconds")
    refused = series.one("dead_letters")
    return Inputs(
        at=moment,
        application=_application(series),
        reports={query: (_report(series, query),) for query in series.values_of("batch_id", "query")},
        candles={
            labels["symbol"]: now - timedelta(seconds=age) - MINUTE
            for labels, age in series.all("candle_age_seconds")
            if now is not None
        },
        sources=tuple(
            SourceState(labels["source"], labels["condition"], "the reason is in its own log")
            for labels, _ in series.all("source_ok")
        ),
        services=(service,),
        repair=None if repaired is None else RepairState(moment - timedelta(seconds=repaired), 0, 0),
        dead_letters=(
            None if refused is None else DeadLetters(int(refused), int(series.one("dead_letters_recent") or 0))
        ),
    )


class Series:
    """Samples by name."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._by_name: dict[str, list[Sample]] = defaultdict(list)
        for sample in samples:
            self._by_name[sample.name].append(sample)

    def all(self, name: str, **labels: str) -> list[tuple[Mapping[str, str], float]]:
        """(labels, value) of each sample that has these labels."""
        return [
            (one.labels, one.value)
            for one in self._by_name.get(name, ())
            if all(one.labels.get(label) == value for label, value in labels.items())
        ]

    def one(self, name: str, **labels: str) -> float | None:
        return next((value for _, value in self.all(name, **labels)), None)

    def moment(self, name: str, **labels: str) -> datetime | None:
        value = self.one(name, **labels)
        return datetime.fromtimestamp(value, UTC) if value else None

    def values_of(self, name: str, label: str, **labels: str) -> list[str]:
        return sorted({found[label] for found, _ in self.all(name, **labels)})


def _sample(name: str, labels: Mapping[str, Any], value: float) -> Sample:
    return Sample(name.removeprefix(PREFIX), {key: str(one) for key, one in labels.items() if key != "__name__"}, value)


def _application(series: Series) -> Application | None:
    info = next((labels for labels, _ in series.all("application_info")), None)
    seen, started = series.moment("seen_timestamp_seconds"), series.moment("start_time_seconds")
    if info is None or seen is None or started is None:
        return None
    return Application(
        seen_at=seen,
        started_at=started,
        state=info["state"],
        host=info["host"],
        source=info["source"],
        ui_url=info["spark_ui"],
        speed=series.one("speed") or 1.0,
        clock_now=series.moment("data_time_seconds"),
        trigger_seconds=series.one("trigger_seconds") or 0.0,
        repair_seconds=series.one("repair_interval_seconds") or 0.0,
        lateness_minutes=round((series.one("lateness_seconds") or 0.0) / 60),
        coins=tuple(series.values_of("candle_age_seconds", "symbol")),
        queries=tuple(_query(series, query) for query in series.values_of("query_active", "query")),
        topics=tuple(_topic(series, topic) for topic in series.values_of("topic_messages", "topic")),
    )


def _query(series: Series, query: str) -> QueryState:
    started = series.moment("query_started_timestamp_seconds", query=query)
    return QueryState(
        query,
        active=series.one("query_active", query=query) == 1,
        started_at=started or datetime.fromtimestamp(0, UTC),
        heard_at=series.moment("query_heard_timestamp_seconds", query=query),
        messages_behind={
            labels["topic"]: int(value) for labels, value in series.all("kafka_lag_messages", query=query)
        },
        seconds_behind={labels["topic"]: value for labels, value in series.all("kafka_lag_seconds", query=query)},
    )


def _topic(series: Series, topic: str) -> TopicState:
    now, age = series.moment("data_time_seconds"), series.one("topic_age_seconds", topic=topic)
    newest = None if now is None or age is None else now - timedelta(seconds=age)
    return TopicState(topic, int(series.one("topic_messages", topic=topic) or 0), newest)


def _report(series: Series, query: str) -> Report:
    """The newest batch, as far as gauges tell of it."""

    def figure(name: str) -> float:
        return series.one(name, query=query) or 0.0

    counted = {labels["operator"]: int(value) for labels, value in series.all("state_rows", query=query)}
    return Report(
        query=query,
        run_id="",
        batch_id=int(figure("batch_id")),
        at=series.moment("query_heard_timestamp_seconds", query=query) or datetime.fromtimestamp(0, UTC),
        input_rows=0,
        input_rows_per_second=figure("input_rows_per_second"),
        processed_rows_per_second=figure("processed_rows_per_second"),
        phases={labels["phase"]: value for labels, value in series.all("phase_seconds", query=query)},
        sinks={labels["step"]: value for labels, value in series.all("step_seconds", query=query)},
        watermark=series.moment("watermark_timestamp_seconds", query=query),
        states=tuple(
            StateOperator(labels["operator"], counted.get(labels["operator"]), int(size), 0, 0)
            for labels, size in series.all("state_bytes", query=query)
        ),
    )
