"""Everything that the view shows, for scripts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from newswake.clock import to_iso
from newswake.health.heard import is_heard
from newswake.health.inputs import Inputs
from newswake.health.levels import Health
from streaming.monitor.figures import behind, is_active, is_old, late_rows, names_of, seconds_behind
from streaming.monitor.phases import parts_of


def as_json(inputs: Inputs, health: Health) -> dict[str, Any]:
    """The verdicts as `Health.as_json` has them, and the figures behind them. Times are ISO-8601, durations seconds."""
    application = inputs.application
    return {
        **health.as_json(),
        "application": application
        and {
            "state": application.state,
            "heard": is_heard(inputs),
            "seen_at": to_iso(application.seen_at),
            "started_at": to_iso(application.started_at),
            "host": application.host,
            "source": application.source,
            "speed": application.speed,
            "spark_ui": application.ui_url,
            "reason": application.reason,
        },
        "queries": {name: {**_position(inputs, name), **_batch(inputs, name)} for name in names_of(inputs)},
        "topics": {
            topic.name: {"messages": topic.messages, "newest": _iso(topic.event_at)}
            for topic in (application.topics if application else ())
        },
        "candles": {coin: to_iso(opened) for coin, opened in inputs.candles.items()},
        "dead_letters": inputs.dead_letters and inputs.dead_letters.total,
    }


def _position(inputs: Inputs, name: str) -> dict[str, Any]:
    """`old`: all but what is counted now is the last word of an application that is down. `active`: null, not known."""
    count, counted_at = behind(inputs, name)
    return {
        "active": is_active(inputs, name),
        "old": is_old(inputs, name),
        "messages_behind": count,
        "messages_behind_at": _iso(counted_at),
        "seconds_behind": seconds_behind(inputs, name),
    }


def _batch(inputs: Inputs, name: str) -> dict[str, Any]:
    reports = inputs.reports.get(name, ())
    if not reports:
        return {}
    late, since = late_rows(inputs, name)
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
        "late_rows": late,
        "late_rows_since": _iso(since),
    }


def _iso(moment: datetime | None) -> str | None:
    return to_iso(moment) if moment else None
