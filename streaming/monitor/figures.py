"""Figures of a query that the table and the JSON both have, and since when they hold. Pure."""

from __future__ import annotations

from datetime import datetime

from newswake.health.heard import is_heard
from newswake.health.inputs import Inputs, QueryState
from newswake.health.queries import messages_behind


def queries_of(inputs: Inputs) -> dict[str, QueryState]:
    """By name, what the application says of its queries."""
    return {query.name: query for query in inputs.application.queries} if inputs.application else {}


def names_of(inputs: Inputs) -> list[str]:
    return sorted({*inputs.reports, *queries_of(inputs)})


def is_active(inputs: Inputs, name: str) -> bool | None:
    """Whether the query runs, by the application's last word; None where it has said nothing of it."""
    query = queries_of(inputs).get(name)
    return query.active if query else None


def is_old(inputs: Inputs, name: str) -> bool:
    """Whether what is known of the query's batches is not of an application that runs now."""
    reports, application = inputs.reports.get(name), inputs.application
    return not is_heard(inputs) or (
        reports is not None and application is not None and reports[0].at < application.started_at
    )


def behind(inputs: Inputs, name: str) -> tuple[int | None, datetime | None]:
    """Messages not read, and when they were counted: now by the consumer group, or at the application's last word.

    None where nobody has counted them.
    """
    if name in inputs.unread:
        return sum(inputs.unread[name].values()), inputs.at
    count = messages_behind(queries_of(inputs).get(name), inputs.reports.get(name, ()))
    return count, inputs.application.seen_at if inputs.application and count is not None else None


def seconds_behind(inputs: Inputs, name: str) -> dict[str, float]:
    """Empty while the application says nothing: the topics have gone on since."""
    query = queries_of(inputs).get(name)
    return dict(query.seconds_behind) if query and is_heard(inputs) else {}


def late_rows(inputs: Inputs, name: str) -> tuple[int, datetime | None]:
    """Rows later than the watermark, and since when: the application's start, or the oldest report that is kept."""
    if name in inputs.late_rows:
        return inputs.late_rows[name], inputs.application.started_at if inputs.application else None
    reports = inputs.reports.get(name, ())
    return sum(report.late_rows for report in reports), reports[-1].at if reports else None
