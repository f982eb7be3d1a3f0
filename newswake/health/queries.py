"""The rules for queries: does it go on, does it keep up, does its clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from newswake.health.heard import is_heard
from newswake.health.inputs import Application, Inputs, QueryState
from newswake.health.levels import Kind, Level, Verdict
from newswake.health.limits import IDLE_REPORT_SECONDS, Limits
from newswake.health.report import Report
from newswake.health.words import span


def query_verdicts(inputs: Inputs, now: datetime | None, limits: Limits) -> list[Verdict]:
    """One verdict a query: the worst that can be said of it. Without a running application there is nothing to say."""
    application = inputs.application
    if application is None or not is_heard(inputs, limits):
        return []
    verdicts = []
    for query in application.queries:
        reports = inputs.reports.get(query.name, ())
        found = (
            _ended(query, application)
            or _stuck(query, reports, application, inputs.at, limits)
            or _behind(query, reports, limits)
            or _clock(reports, now, limits)
            or (Level.OK, _fine(query, reports, inputs.at))
        )
        verdicts.append(Verdict(Kind.QUERY, query.name, *found))
    return verdicts


def longest_silence(application: Application, reports: tuple[Report, ...], limits: Limits) -> timedelta:
    """How long an active query may say nothing, and do nothing: three triggers.

    A trigger takes as long as the setting says, as the batches of this query take, or until Spark says again that there
    is nothing to do, whichever is longest.
    """
    batch = max((report.seconds for report in reports[:5]), default=0.0)
    return timedelta(seconds=limits.triggers * max(application.trigger_seconds, batch, IDLE_REPORT_SECONDS))


def _ended(query: QueryState, application: Application) -> tuple[Level, str] | None:
    if query.active:
        return None
    if query.failed:
        return Level.DOWN, "the query has failed"
    if application.once:  # it has read what was there, or was stopped
        return Level.OK, "the query has ended without an error"
    return Level.DOWN, "the query has ended"


def _stuck(
    query: QueryState, reports: tuple[Report, ...], application: Application, at: datetime, limits: Limits
) -> tuple[Level, str] | None:
    # Before its first word, a query reads its checkpoint, builds its plan, and may have a large first batch.
    first = 1 if query.heard_at else 10
    heard_at = query.heard_at or query.started_at
    longest = first * longest_silence(application, reports, limits)
    if at - heard_at <= longest:
        return None
    silence = at - max(heard_at, query.worked_at or heard_at)
    if silence <= longest:
        return (
            Level.DEGRADED,
            f"a batch takes {span(at - heard_at)} so far, expected < {span(longest)}; its tasks go on",
        )
    says = f"active without progress for {span(silence)}, expected < {span(longest)}"
    # What is down is then the broker, and that is said; a new start of the application would meet the same.
    return (Level.DEGRADED, f"{says}; it waits for the broker") if application.kafka_error else (Level.DOWN, says)


def messages_behind(query: QueryState | None, reports: tuple[Report, ...]) -> int | None:
    """What the application last counted at the broker; before its first count, what its newest batch left.

    None where neither is known: a report of a former run tells nothing of now.
    """
    if query is not None and query.messages_behind:
        return sum(query.messages_behind.values())
    if not reports or (query is not None and reports[0].at < query.started_at):
        return None
    return reports[0].messages_behind


def _behind(query: QueryState, reports: tuple[Report, ...], limits: Limits) -> tuple[Level, str] | None:
    count = messages_behind(query, reports) or 0
    if query.seconds_behind:
        topic, seconds = max(query.seconds_behind.items(), key=lambda item: item[1])
        if timedelta(seconds=seconds) > limits.behind:
            says = f"{span(seconds)} behind the topic {topic}, expected < {span(limits.behind)}"
            return Level.DEGRADED, f"{says}; {count:,} messages to read"
    elif count > limits.messages_behind:
        return Level.DEGRADED, f"{count:,} messages behind, expected < {limits.messages_behind:,}"
    return None


def _clock(reports: tuple[Report, ...], now: datetime | None, limits: Limits) -> tuple[Level, str] | None:
    watermark = next((report.watermark for report in reports if report.watermark), None)
    if watermark is None or now is None or now - watermark <= limits.watermark_age:
        return None
    age = f"watermark {span(now - watermark)} old, expected < {span(limits.watermark_age)}"
    return Level.DEGRADED, f"{age}: hours stay open, so what is missing is stated late"


def _fine(query: QueryState, reports: tuple[Report, ...], at: datetime) -> str:
    if query.heard_at is None:
        return "started, no batch yet"
    if not reports:
        return f"idle, heard of {span(at - query.heard_at)} ago"
    newest = reports[0]
    return f"batch {newest.batch_id} took {span(newest.seconds)}, ended {span(at - newest.at)} ago"
