"""Everything that the view shows, for scripts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from newswake.clock import to_iso
from newswake.health.inputs import Inputs, QueryState
from newswake.health.levels import Health
from newswake.health.queries import messages_behind
from newswake.health.report import Report
from streaming.monitor.phases import parts_of


def as_json(inputs: Inputs, health: Health) -> dict[str, Any]:
    """The verdicts as `Health.as_json` has them, and the figures behind them. Times are ISO-8601, durations seconds."""
    application = inputs.application
    known = {query.name: query for query in application.queries} if application else {}
    names = sorted({*inputs.reports, *known})
    return {
        **health.as_json(),
        "application": application
        and {
            "state": application.state,
            "seen_at": to_iso(application.seen_at),
            "started_at": to_iso(application.started_at),
            "host": application.host,
            "source": application.source,
            "speed": application.speed,
            "spark_ui": application.ui_url,
            "reason": application.reason,
        },
        "queries": {
            name: {**_position(known.get(name), inputs.reports.get(name, ())), **_batch(inputs.reports.get(name, ()))}
            for name in names
        },
        "topics": {
            topic.name: {"messages": topic.messages, "newest": _iso(topic.event_at)}
            for topic in (application.topics if application else ())
        },
        "candles": {coin: to_iso(opened) for coin, opened in inputs.candles.items()},
        "dead_letters": inputs.dead_letters and inputs.dead_letters.total,
    }


def _position(query: QueryState | None, reports: tuple[Report, ...]) -> dict[str, Any]:
    return {
        "messages_behind": messages_behind(query, reports),
        "seconds_behind": dict(query.seconds_behind) if query else {},
    }


def _batch(reports: tuple[Report, ...]) -> dict[str, Any]:
    if not reports:
        return {}
    newest = reports[0]
    return {
        "batch": newest.batch_id,
        "at": to_iso(newest.at),
        "seconds": newest.seconds,
        "parts": {part: round(seconds, 3) for part, seconds in parts_of(newest).items() if seconds},
        "input_rows_per_second": newest.input_rows_per_second,
        "processed_rows_per_second": newest.processed_rows_per_second,
        "watermark": _iso(newest.watermark),
        "state_rows": newest.state_rows,
        "state_bytes": newest.state_bytes,
        "late_rows": sum(report.late_rows for report in reports),
    }


def _iso(moment: datetime | None) -> str | None:
    return to_iso(moment) if moment else None
