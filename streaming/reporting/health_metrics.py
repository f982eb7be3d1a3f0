"""To Prometheus, when it asks: what the rules say, the sources, the data's age, the topics, restarts, dead letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from newswake.health.freshness import GOOD
from newswake.health.inputs import MINUTE, Inputs
from newswake.health.levels import Health

Looked = tuple[Inputs, Health]


class HealthMetrics(Collector):
    """Each scrape takes what `look` gives: what is known, and the verdicts on it."""

    def __init__(self, look: Callable[[], Looked]) -> None:
        self._look = look

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing is read when this is registered."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        inputs, health = self._look()
        yield _one("health", "The worst verdict: 0 ok, 1 degraded, 2 down", float(health.level))
        verdicts = _family("health_verdict", "Each verdict: 0 ok, 1 degraded, 2 down", "kind", "subject")
        for verdict in health.verdicts:
            verdicts.add_metric([str(verdict.kind), verdict.subject], float(verdict.level))
        yield verdicts
        yield from _of_sources(inputs, health)
        yield from _of_data(inputs, health)
        yield from _of_application(inputs, health)
        if letters := inputs.dead_letters:
            yield _one("dead_letters", "Messages refused, as MongoDB still has them", float(letters.total))
            yield _one("dead_letters_recent", "Messages refused in the last 15 minutes", float(letters.recent))
        if inputs.repair is not None:
            age = (inputs.at - inputs.repair.ended_at).total_seconds()
            yield _one("repair_age_seconds", "Time since the last repair ended", age)


def _of_sources(inputs: Inputs, health: Health) -> Iterator[GaugeMetricFamily]:
    states = _family("source_ok", "1 while a source answers as it should", "source", "condition")
    tries = _family("source_next_try_timestamp_seconds", "When a source is polled next, in real time", "source")
    for source in inputs.sources:
        states.add_metric([source.source, source.condition], float(source.condition in GOOD))
        next_try = source.next_try_at and _in_real_time(source.next_try_at, inputs, health)
        if next_try is not None:
            tries.add_metric([source.source], next_try.timestamp())
    yield states
    yield tries


def _in_real_time(moment: datetime, inputs: Inputs, health: Health) -> datetime | None:
    """When the machine's clock shows a moment of the data's; None where the data's is known by the candles alone."""
    application = inputs.application
    if application is not None and application.clock_now is not None:
        return application.seen_at + (moment - application.clock_now) / application.speed
    return moment if health.now == inputs.at else None


def _of_data(inputs: Inputs, health: Health) -> Iterator[GaugeMetricFamily]:
    if health.now is None:
        return
    ages = _family("candle_age_seconds", "Age of a coin's newest candle, in the data's time", "symbol")
    for coin, opened in inputs.candles.items():
        ages.add_metric([coin], (health.now - opened - MINUTE).total_seconds())
    yield ages
    watermarks = _family("watermark_age_seconds", "Age of a query's watermark, in the data's time", "query")
    for query, reports in inputs.reports.items():
        if watermark := next((report.watermark for report in reports if report.watermark), None):
            watermarks.add_metric([query], (health.now - watermark).total_seconds())
    yield watermarks


def _of_application(inputs: Inputs, health: Health) -> Iterator[GaugeMetricFamily]:
    application = inputs.application
    if application is None:
        return
    info = _family("application_info", "Who and where the application is", "host", "source", "state", "spark_ui")
    info.add_metric([application.host, application.source, application.state, application.ui_url], 1.0)
    yield info
    yield _one("seen_timestamp_seconds", "The last beat of the reporting thread", application.seen_at.timestamp())
    yield _one("start_time_seconds", "When it started", application.started_at.timestamp())
    yield _one("speed", "Seconds of the data's clock in a real one", application.speed)
    yield _one("trigger_seconds", "Shortest time between two batches", application.trigger_seconds)
    yield _one("repair_interval_seconds", "Longest time between two repairs", application.repair_seconds)
    yield _one("lateness_seconds", "How late a post or a candle may be", 60.0 * application.lateness_minutes)
    if health.now is not None:
        yield _one("data_time_seconds", "The time that data are judged by", health.now.timestamp())
    started = _family("query_started_timestamp_seconds", "When a query started", "query")
    heard = _family("query_heard_timestamp_seconds", "When Spark last told of a query", "query")
    worked = _family("query_worked_timestamp_seconds", "When Spark was last seen at work on a query", "query")
    for query in application.queries:
        started.add_metric([query.name], query.started_at.timestamp())
        if query.heard_at is not None:
            heard.add_metric([query.name], query.heard_at.timestamp())
        if query.worked_at is not None:
            worked.add_metric([query.name], query.worked_at.timestamp())
    yield started
    yield heard
    yield worked
    yield _one("restarts", "Starts since the last clean stop, without the first", float(len(application.starts) - 1))
    unread = _family("kafka_lag_messages", "Messages of a topic that a query has not read", "query", "topic")
    behind = _family("kafka_lag_seconds", "Event time between a topic's end and what was read", "query", "topic")
    for query in application.queries:
        for topic, count in query.messages_behind.items():
            unread.add_metric([query.name, topic], float(count))
        for topic, seconds in query.seconds_behind.items():
            behind.add_metric([query.name, topic], seconds)
    yield unread
    yield behind
    messages = _family("topic_messages", "Messages that a topic has ever had", "topic")
    ages = _family("topic_age_seconds", "Age of a topic's newest message (a heartbeat, a candle)", "topic")
    for end in application.topics:
        messages.add_metric([end.name], float(end.messages))
        if end.event_at is not None and health.now is not None:
            ages.add_metric([end.name], (health.now - end.event_at).total_seconds())
    yield messages
    yield ages


def _family(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"newswake_{name}", says, labels=labels)


def _one(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"newswake_{name}", says, value=value)
