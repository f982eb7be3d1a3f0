"""Spark's phases of a batch and our steps of writing, as the parts that a person asks about. Pure."""

from __future__ import annotations

from newswake.health.report import Report

# What Spark calls them, and what is shown, in the order of a batch.
SPARKS = {
    "latestOffset": "offsets",
    "getBatch": "offsets",
    "queryPlanning": "plan",
    "walCommit": "log",
    "commitOffsets": "log",
    "commitBatch": "log",
}
PARTS = ("offsets", "plan", "compute", "compare", "mongodb", "delta", "compact", "log", "other")


def parts_of(report: Report) -> dict[str, float]:
    """Seconds by part, which together are the whole batch; `other` is what nobody names."""
    parts = dict.fromkeys(PARTS, 0.0)
    for phase, seconds in report.phases.items():
        if phase in SPARKS:
            parts[SPARKS[phase]] += seconds
    for step, seconds in report.sinks.items():
        parts[step if step in parts else "other"] += seconds
    parts["other"] += max(0.0, report.seconds - sum(parts.values()))
    return parts
