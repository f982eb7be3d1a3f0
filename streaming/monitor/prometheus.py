"""The inputs of the rules from Prometheus: a server of it, or the application's own /metrics, wherever it is."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

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
from newswake.health.levels import Kind, Level
from newswake.health.report import Report, StateOperator
from newswake.health.words import span
from newswake.home import LIVE
from streaming.monitor.series import Sample, Series
from streaming.monitor.server import KNOWN_SECONDS, RATES, Server

TIMEOUT_SECONDS = 5.0
KINDS = frozenset(map(str, Kind))
# What reading an answer raises that is of another shape than Prometheus's.
NOT_PROMETHEUS = (requests.RequestException, ValueError, LookupError, TypeError, AttributeError, OverflowError)
KEPT_RATES = 40
PREFIX = "newswake_"
OURS = f'{{__name__=~"{PREFIX}.+"}}'


class PrometheusLook:
    """`url` is a server's address, or ends in /metrics and is the application's own.

    `instance` is which of the applications that a server knows. A password in `url` is never shown.
    """

    def __init__(self, url: str, instance: str | None = None) -> None:
        parts = urlsplit(url)
        self._url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        self._session = requests.Session()
        if parts.username is not None:
            self._session.auth = (unquote(parts.username), unquote(parts.password or ""))
        self._server = None if self._url.endswith("/metrics") else Server(self._get, self._url, instance)
        self._rates: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT_RATES))

    def at(self, moment: datetime) -> Inputs:
        """As of `moment`, or as of the last scrape while a server scrapes as it should.

        Raises `WishError` when it is not clear which of several applications is meant.
        """
        try:
            return self._of_endpoint(moment) if self._server is None else self._of_server(self._server, moment)
        except NOT_PROMETHEUS as error:
            return self._nothing(moment, f"{self._url} does not answer as Prometheus does: {type(error).__name__}")

    def close(self) -> None:
        self._session.close()

    def _of_endpoint(self, moment: datetime) -> Inputs:
        samples = samples_in(self._get(self._url, {}).text)
        if not samples:
            return self._nothing(moment, f"{self._url} has no series of newswake")
        found = inputs_of(samples, moment, ServiceState("prometheus", True, f"{self._url} answers"))
        for name, reports in found.reports.items():
            self._rates[name].append(reports[0].processed_rows_per_second)
        return replace(found, rates={name: tuple(rates) for name, rates in self._rates.items()})

    def _of_server(self, server: Server, moment: datetime) -> Inputs:
        scrape = server.last_scrape()
        if scrape is None:
            says = f"{self._url} has scraped no application of ours for {span(KNOWN_SECONDS)}"
            return self._nothing(moment, says)
        found = inputs_of(
            [
                _sample(one["metric"]["__name__"], one["metric"], float(one["value"][1]))
                for one in server.of(scrape.instance, OURS, scrape.at)
            ],
            scrape.at,
            ServiceState("prometheus", *scrape.judged(moment)),
        )
        rates = {
            one["metric"]["query"]: tuple(float(value) for _, value in one["values"])
            for one in server.of(scrape.instance, RATES, scrape.at)
        }
        # What the application said is as old as the scrape: only where that is not as it should be, it is our clock
        # that its word is judged by.
        return replace(found, at=scrape.at if found.services[0].answers else moment, rates=rates)

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
    """What the series say, as the rules take it. They have no sentences: why a source waits is not in them.

    Of what only the application sees, its verdicts are there.
    """
    series = Series(samples)
    now = series.moment("data_time_seconds")
    repaired = series.one("repair_age_seconds")
    refused = series.one("dead_letters")
    application = _application(series)
    return Inputs(
        at=moment,
        application=application,
        reports={query: (_report(series, query),) for query in series.values_of("batch_id", "query")},
        candles={
            labels["symbol"]: now - timedelta(seconds=age) - MINUTE
            for labels, age in series.all("candle_age_seconds")
            if now is not None
        },
        sources=tuple(
            SourceState(
                labels["source"],
                labels["condition"],
                "the reason is in its own log",
                _next_try(series, labels["source"], application),
            )
            for labels, _ in series.all("source_ok")
        ),
        services=(service,),
        repair=None if repaired is None else RepairState(moment - timedelta(seconds=repaired), 0, 0),
        dead_letters=(
            None if refused is None else DeadLetters(int(refused), int(series.one("dead_letters_recent") or 0))
        ),
        late_rows={labels["query"]: int(value) for labels, value in series.all("late_rows_total")},
        told={
            (labels["kind"], labels["subject"]): Level(int(value))
            for labels, value in series.all("health_verdict")
            if labels["kind"] in KINDS
        },
    )


def _sample(name: str, labels: Mapping[str, Any], value: float) -> Sample:
    return Sample(name.removeprefix(PREFIX), {key: str(one) for key, one in labels.items() if key != "__name__"}, value)


def _application(series: Series) -> Application | None:
    told = next((labels for labels, _ in series.all("application_info")), None)
    seen, started = series.moment("seen_timestamp_seconds"), series.moment("start_time_seconds")
    if told is None or seen is None or started is None:
        return None
    # A server drops the labels that are empty.
    info = defaultdict(str, told)
    return Application(
        seen_at=seen,
        started_at=started,
        state=info["state"],
        host=info["host"],
        source=info["source"],
        ui_url=info["spark_ui"],
        speed=series.one("speed") or 1.0,
        clock_now=None if info["source"] == LIVE else series.moment("data_time_seconds"),
        trigger_seconds=series.one("trigger_seconds") or 0.0,
        repair_seconds=series.one("repair_interval_seconds") or 0.0,
        lateness_minutes=round((series.one("lateness_seconds") or 0.0) / 60),
        coins=tuple(series.values_of("candle_age_seconds", "symbol")),
        queries=tuple(_query(series, query, seen) for query in series.values_of("query_active", "query")),
        # The words of it are not in the series.
        kafka_error="see its /health" if series.one("health_verdict", kind="service", subject="kafka") == 2 else "",
        topics=tuple(_topic(series, topic) for topic in series.values_of("topic_messages", "topic")),
    )


def _next_try(series: Series, source: str, application: Application | None) -> datetime | None:
    """In the data's clock, as its producer says it; the series has the machine's."""
    moment = series.moment("source_next_try_timestamp_seconds", source=source)
    if moment is None or application is None or application.clock_now is None:
        return moment
    return application.clock_now + (moment - application.seen_at) * application.speed


def _query(series: Series, query: str, seen: datetime) -> QueryState:
    return QueryState(
        query,
        active=series.one("query_active", query=query) == 1,
        # It is exported a moment later than that the query is there.
        started_at=series.moment("query_started_timestamp_seconds", query=query) or seen,
        heard_at=series.moment("query_heard_timestamp_seconds", query=query),
        worked_at=series.moment("query_worked_timestamp_seconds", query=query),
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
