"""The rules, pure: what is known -> verdicts in words. Nothing is asked of anybody, nothing is remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from newswake.health.freshness import candle_verdicts, source_verdicts
from newswake.health.heard import is_heard
from newswake.health.inputs import Inputs
from newswake.health.levels import Health, Kind, Level, Verdict
from newswake.health.limits import Limits, limits_for
from newswake.health.queries import query_verdicts
from newswake.health.words import span
from newswake.home import LIVE


def judge(inputs: Inputs, limits: Limits | None = None) -> Health:
    """All verdicts, the worst first; among equals, the application before its queries, its data and its sources."""
    limits = limits or limits_for(inputs.application)
    now = data_now(inputs, limits)
    verdicts = [
        *application_verdicts(inputs, limits),
        *query_verdicts(inputs, now, limits),
        *candle_verdicts(inputs, now, limits),
        *source_verdicts(inputs, now, limits),
        *service_verdicts(inputs, limits),
        *repair_verdicts(inputs, limits),
        *dead_letter_verdicts(inputs, limits),
    ]
    if is_heard(inputs, limits):
        verdicts = as_told(verdicts, inputs.told)
    simulated = inputs.application is not None and inputs.application.source not in ("", LIVE)
    return Health(inputs.at, now, simulated, tuple(sorted(verdicts, key=lambda one: -one.level)))


def data_now(inputs: Inputs, limits: Limits) -> datetime | None:
    """The time that data are judged by: the machine's when they are live, else the simulator's while the application
    tells it, else the close of the newest candle, which can only tell that one coin is behind the others.
    """
    application = inputs.application
    if application is not None and application.clock_now is not None:
        told = inputs.at - application.seen_at <= limits.silent
        return application.clock_now if told else inputs.newest_close
    if application is not None and application.source == LIVE:
        return inputs.at
    # Neither says it: producers of another home are live when they poll by the machine's clock.
    polls = [(one.last_ok_at, one.written_at) for one in inputs.sources if one.last_ok_at and one.written_at]
    live = any(abs(told - written) <= limits.overdue for told, written in polls)
    return inputs.at if live else inputs.newest_close


def application_verdicts(inputs: Inputs, limits: Limits) -> list[Verdict]:
    def verdict(level: Level, says: str) -> Verdict:
        return Verdict(Kind.APPLICATION, "streaming", level, says)

    application = inputs.application
    if application is None and any(not service.answers for service in inputs.services):
        return []  # whoever would know it does not answer, and that is said
    if application is None:
        return [verdict(Level.DOWN, "the streaming application has never run on this database")]
    silence = inputs.at - application.seen_at
    if application.state == "failed":
        return [verdict(Level.DOWN, f"failed {span(silence)} ago: {application.reason}")]
    if not application.is_up:
        return [verdict(Level.DOWN, f"stopped {span(silence)} ago")]
    if silence > limits.silent:
        return [verdict(Level.DOWN, f"no sign of life for {span(silence)}, expected < {span(limits.silent)}")]
    starting = inputs.at - application.started_at
    if application.state == "starting" and starting > limits.start:
        return [verdict(Level.DOWN, f"starting for {span(starting)}, expected < {span(limits.start)}")]
    recent = [start for start in application.starts if inputs.at - start <= limits.starts_within]
    if len(recent) >= limits.starts:
        reason = f"; it ended with: {application.reason}" if application.reason else ""
        window = span(limits.starts_within)
        return [verdict(Level.DEGRADED, f"started {len(recent)} times in {window}, expected < {limits.starts}{reason}")]
    if application.state == "starting":
        return [verdict(Level.DEGRADED, f"starting for {span(starting)}, expected < {span(limits.start)}")]
    return [verdict(Level.OK, f"running for {span(inputs.at - application.started_at)}")]


def as_told(verdicts: Sequence[Verdict], told: Mapping[tuple[str, str], Level]) -> list[Verdict]:
    """Where the application itself says worse, it knows more: of its broker, its database, its former starts."""
    ours = {(str(one.kind), one.subject): one for one in verdicts}
    for (kind, subject), level in told.items():
        known = ours.get((kind, subject))
        if level > (Level.OK if known is None else known.level):
            ours[kind, subject] = Verdict(Kind(kind), subject, level, f"the application says {level}: see its /health")
    return list(ours.values())


def service_verdicts(inputs: Inputs, limits: Limits) -> list[Verdict]:
    """Services that were asked; of the broker, a fresh word of the application counts more than our own try."""
    asked = {one.name: one for one in inputs.services}
    verdicts = {
        name: Verdict(Kind.SERVICE, name, Level.OK if one.answers else Level.DOWN, one.says)
        for name, one in asked.items()
    }
    application = inputs.application
    if application is not None and is_heard(inputs, limits):
        ours = asked.get("kafka")
        if application.kafka_error:
            says = f"the application cannot use it: {application.kafka_error}"
            verdicts["kafka"] = Verdict(Kind.SERVICE, "kafka", Level.DOWN, says)
        elif application.topics and ours is not None and not ours.answers:
            says = f"the application reads it; from here: {ours.says}"
            verdicts["kafka"] = Verdict(Kind.SERVICE, "kafka", Level.OK, says)
    return list(verdicts.values())


def repair_verdicts(inputs: Inputs, limits: Limits) -> list[Verdict]:
    """The repair is a part of the application, so a stopped one is not blamed for its repairs."""
    application, repair = inputs.application, inputs.repair
    if application is None or not application.is_up:
        return []
    since = max(repair.ended_at, application.started_at) if repair else application.started_at
    age, expected = inputs.at - since, f"expected < {span(limits.repair_age)}"
    if age > limits.repair_age and not application.once:  # with --once it comes at the end, whenever that is
        return [Verdict(Kind.REPAIR, "repair", Level.DEGRADED, f"the last repair ended {span(age)} ago, {expected}")]
    if repair is None:
        return []
    done = f"{repair.priced:,} priced, {repair.missing:,} stated as missing"
    ago = span(inputs.at - repair.ended_at)
    return [Verdict(Kind.REPAIR, "repair", Level.OK, f"the last repair ended {ago} ago: {done}")]


def dead_letter_verdicts(inputs: Inputs, limits: Limits) -> list[Verdict]:
    letters = inputs.dead_letters
    if letters is None:
        return []
    if letters.recent >= limits.refused:
        says = (
            f"{letters.recent:,} messages refused in 15 min, expected < {limits.refused}; the newest: {letters.reason}"
        )
        return [Verdict(Kind.DEAD_LETTERS, "dead letters", Level.DEGRADED, says)]
    says = f"{letters.total:,} messages refused so far, {letters.recent:,} in the last 15 min"
    return [Verdict(Kind.DEAD_LETTERS, "dead letters", Level.OK, says)]
