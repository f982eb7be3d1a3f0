"""The inputs of the rules, read from MongoDB. Every query is answered by an index or reads a handful of documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from newswake.followed import coins_of
from newswake.health.inputs import (
    Application,
    DeadLetters,
    Inputs,
    QueryState,
    RepairState,
    ServiceState,
    SourceState,
    TopicState,
)
from newswake.health.report import Report, report_of

Document = Mapping[str, Any]

APPLICATION, APPLICATION_ID = "application", "application"
REPORTS = "query_progress"
KEPT_REPORTS = 40
DEAD_LETTERS_MINUTES = 15
# A coin is looked up by itself, so a followed coin without candles costs one look, not a scan.
MONTH = timedelta(days=31)


def read(database: Database[dict[str, Any]], at: datetime, services: Iterable[ServiceState] = ()) -> Inputs:
    """Everything that is known at `at` (the machine's time). The client must be `tz_aware`, as newswake.mongo's is.

    Raises `PyMongoError` when the database does not answer.
    """
    application = read_application(database)
    if application is not None and (followed := coins_of(database)):
        application = replace(application, coins=followed)  # what it said at its start may have changed since
    return Inputs(
        at=at,
        application=application,
        reports=read_reports(database),
        candles=newest_candles(database, application.coins if application else ()),
        sources=tuple(_source(document) for document in database["source_states"].find().sort("_id", 1)),
        services=tuple(services),
        repair=_repair(database["repairs"].find_one({}, sort=[("ended_at", -1)])),
        dead_letters=_dead_letters(database, at),
    )


def read_application(database: Database[dict[str, Any]]) -> Application | None:
    """What the application last said of itself, None when it never did."""
    document = database[APPLICATION].find_one({"_id": APPLICATION_ID})
    return application_of(document) if document else None


def application_of(document: Document) -> Application:
    """The document that the application writes (`document_of` is the other way)."""
    values = _known(Application, document)
    values["queries"] = tuple(QueryState(**_known(QueryState, query)) for query in document.get("queries", ()))
    values["topics"] = tuple(TopicState(**_known(TopicState, topic)) for topic in document.get("topics", ()))
    values |= {name: tuple(document.get(name, ())) for name in ("coins", "starts")}
    return Application(**values)


def _known(record: type, document: Document) -> dict[str, Any]:
    """The fields of the record: an application newer than we are may say more."""
    known = {field.name for field in fields(record)}
    return {name: value for name, value in document.items() if name in known}


def read_reports(database: Database[dict[str, Any]], kept: int = KEPT_REPORTS) -> dict[str, tuple[Report, ...]]:
    """The newest reports of each query, newest first; the end of the capped collection is read, without an index."""
    found: dict[str, list[Report]] = {}
    for document in database[REPORTS].find().sort("$natural", -1).limit(6 * kept):
        report = report_of(document)
        found.setdefault(report.query, []).append(report)
    return {name: tuple(reports[:kept]) for name, reports in sorted(found.items())}


def newest_candles(database: Database[dict[str, Any]], coins: Iterable[str]) -> dict[str, datetime]:
    """The open time of each coin's newest candle; of the coins that have any."""
    candles = database["candles"]
    newest = candles.find_one({}, {"open_time": 1}, sort=[("open_time", -1)])
    if newest is None:
        return {}
    wanted = list(coins) or candles.distinct("symbol", {"open_time": {"$gte": newest["open_time"] - MONTH}})
    found = {coin: candles.find_one({"symbol": coin}, {"open_time": 1}, sort=[("open_time", -1)]) for coin in wanted}
    return {coin: document["open_time"] for coin, document in found.items() if document}


def _source(document: Document) -> SourceState:
    return SourceState(**{"reason": "", **_known(SourceState, document), "source": document["_id"]})


def _repair(document: Document | None) -> RepairState | None:
    if document is None:
        return None
    return RepairState(document["ended_at"], int(document["priced"]), int(document["missing"]))


def _dead_letters(database: Database[dict[str, Any]], at: datetime) -> DeadLetters:
    letters = database["dead_letters"]
    since = at - timedelta(minutes=DEAD_LETTERS_MINUTES)
    newest = letters.find_one({}, {"reason": 1}, sort=[("kafka_time", -1)])
    return DeadLetters(
        total=letters.estimated_document_count(),
        recent=letters.count_documents({"kafka_time": {"$gte": since}}, limit=10_000),
        reason=str(newest["reason"]) if newest else "",
    )
