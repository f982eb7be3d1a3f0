"""Whether what is shown can be trusted: the monitor's rules, and the banners that follow from them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Final, cast, get_args

import anyio
from pymongo.errors import PyMongoError

from dashboard.context import Context
from dashboard.models.health import Age, Health, Level, QueryState, SourceState, Verdict
from dashboard.models.session import Banner, SourceKind
from dashboard.surprises import Surprises
from newswake.health.inputs import Inputs
from newswake.health.levels import Health as Judged
from newswake.health.levels import Kind
from newswake.health.read import read
from newswake.health.report import Report
from newswake.health.rules import judge
from newswake.health.words import span
from newswake.home import LIVE, read_mark
from newswake.settings import Settings

OLD: Final = timedelta(minutes=10)
AWAY: Final = "The database does not answer; what is shown is from before, and goes on by itself when it is back"

ODD: Final = "The state cannot be told: a record of it is not as we write them; the log of the page names it"
surprises = Surprises(logging.getLogger(__name__))


def source_kind(settings: Settings) -> SourceKind:
    """Where the rows come from, as the mark of the home says."""
    mark = read_mark(settings.home)
    return cast(SourceKind, mark) if mark in get_args(SourceKind) else "unknown"


async def health(context: Context) -> Health:
    """Never fails: a database that is away is a state too, and so are records that cannot be understood."""
    at = datetime.now(UTC)
    try:
        inputs = await anyio.to_thread.run_sync(read, context.database, at)
        newest = await context.tables.one("posts", {}, fields=["published_at"], sort=[("published_at", -1)])
        judged = judge(inputs)
    except PyMongoError:
        return _unknown(context, at, "mongodb", Banner(kind="database_away", sentence=AWAY))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        surprises.tell("the state cannot be read", error)
        return _unknown(context, at, "records", Banner(kind="unhealthy", sentence=ODD))
    # The rules know that rows are live from the application, which may have been off for days.
    live = source_kind(context.settings) == LIVE and inputs.newest_close is not None
    now = at if live else judged.now
    candle_age = _age(inputs.newest_close, now)
    return Health(
        level=_level(judged.level),
        sentence=_sentence(judged),
        checked_at=at,
        now=now,
        database="up",
        candle=candle_age,
        post=_age(newest["published_at"] if newest else None, now),
        queries=[_query(name, reports[0], judged) for name, reports in inputs.reports.items() if reports],
        sources=_sources(inputs),
        verdicts=[
            Verdict(kind=one.kind, subject=one.subject, level=_level(one.level), sentence=one.says)
            for one in judged.verdicts
        ],
        dead_letters=inputs.dead_letters.total if inputs.dead_letters else 0,  # the database always tells
        banners=_banners(context.settings, judged, candle_age),
        clients=context.hub.clients,
    )


def _unknown(context: Context, at: datetime, subject: str, banner: Banner) -> Health:
    verdict = Verdict(kind=Kind.SERVICE, subject=subject, level="down", sentence=banner.sentence)
    unknown = Age(at=None, seconds=None)
    return Health(
        level="down", sentence=banner.sentence, checked_at=at, now=None,
        database="away" if banner.kind == "database_away" else "up", candle=unknown, post=unknown,
        queries=[], sources=[], verdicts=[verdict], dead_letters=0,
        banners=[*_of_source(context.settings), banner],
        clients=context.hub.clients,
    )  # fmt: skip


def _level(level: object) -> Level:
    return cast(Level, str(level))


def _sentence(judged: Judged) -> str:
    bad = [one for one in judged.verdicts if one.level > 0]
    if not bad:
        return "Everything is as it should be"
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    return f"{bad[0].subject}: {bad[0].says}{more}"


def _age(at: datetime | None, now: datetime | None) -> Age:
    return Age(at=at, seconds=max(0.0, (now - at).total_seconds()) if at and now else None)


def _query(name: str, report: Report, judged: Judged) -> QueryState:
    level = max((one.level for one in judged.of(Kind.QUERY, name)), default=None)
    return QueryState(
        name=name,
        level=_level(level) if level is not None else "ok",
        reported_at=report.at,
        batch_id=report.batch_id,
        rows_per_second=report.processed_rows_per_second,
        batch_seconds=report.seconds,
        lag_messages=report.messages_behind,
        watermark=report.watermark,
        state_rows=report.state_rows,
    )


def _sources(inputs: Inputs) -> list[SourceState]:
    return [
        SourceState(
            source=one.source,
            condition=one.condition,
            reason=one.reason,
            next_try_at=one.next_try_at,
            last_ok_at=one.last_ok_at,
        )
        for one in inputs.sources
    ]


def _of_source(settings: Settings) -> list[Banner]:
    kind = source_kind(settings)
    if kind == "simulated":
        return [Banner(kind="simulated", sentence="SIMULATED: an invented market and invented posts")]
    if kind == "recording":
        return [Banner(kind="simulated", sentence=f"SIMULATED from a recording ({settings.home.name})")]
    return []


def _banners(settings: Settings, judged: Judged, candle: Age) -> list[Banner]:
    found = _of_source(settings)
    if candle.seconds is None:
        found.append(Banner(kind="old", sentence="There are no candles yet"))
    elif candle.seconds > OLD.total_seconds():
        age = span(candle.seconds)
        found.append(Banner(kind="old", sentence=f"OLD: the newest candle closed {age} ago"))
    if judged.level > 0:
        found.append(Banner(kind="unhealthy", sentence=_sentence(judged)))
    return found
