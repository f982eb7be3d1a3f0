"""The application as it ships, through spark-submit: `post_prices` alone, or the four queries with both sinks."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import polars as pl
from pymongo import MongoClient

from benchmarks.speed.engines.tell import Outcome
from benchmarks.speed.load import MINUTES
from benchmarks.speed.stand import Stand
from benchmarks.speed.usage import Usage, run

QUERIES = ("posts", "candles", "post_prices", "dead_letters")


def process_once(stand: Stand, queries: Sequence[str], timeout_seconds: float) -> tuple[Usage, Outcome]:
    """Process what is in the topics to its end.

    `rows` and `total` are those of the priced rows in the lake. Raises `RuntimeError` when MongoDB has others.
    """
    arguments = ("--master", "local[2]", "--", "--once", "--queries", ",".join(queries))
    usage, _ = run([sys.executable, "-m", "scripts.submit", *arguments], stand.environ, timeout_seconds)
    prices = pl.read_delta(f"{stand.settings.lake_path}/post_prices")["price"].drop_nulls()
    rows, total = len(prices), math.fsum(prices)
    held = _in_mongo(stand)
    if held[0] != rows or not math.isclose(held[1], total, rel_tol=1e-9):
        raise RuntimeError(f"MongoDB has {held[0]} prices with the sum {held[1]}, the lake {rows} with {total}")
    return usage, Outcome(rows, total, progress_of(stand, queries[0] if len(queries) == 1 else "candles"))


def progress_of(stand: Stand, query: str) -> list[tuple[float, int]]:
    """(seconds since the epoch, candles so far) at the end of each batch of a query."""
    settings = stand.settings
    progress, candles = [], 0
    for report in reports(stand, query):
        sources = [one for one in report["sources"] if settings.kafka.candles_topic in one["description"]]
        candles += sum(one["numInputRows"] for one in sources) * MINUTES
        progress.append((report["timestamp"].timestamp() + report["batchDuration"] / 1000, candles))
    return progress


def reports(stand: Stand, query: str) -> list[dict[str, Any]]:
    """What Spark reported of each batch of a query, in their order."""
    mongo = stand.settings.mongo
    with MongoClient[dict[str, Any]](mongo.uri.get_secret_value(), tz_aware=True) as client:
        return list(client[mongo.database]["query_progress"].find({"name": query}).sort("timestamp"))


def _in_mongo(stand: Stand) -> tuple[int, float]:
    mongo = stand.settings.mongo
    group = {"$group": {"_id": None, "rows": {"$sum": 1}, "total": {"$sum": "$price"}}}
    with MongoClient[dict[str, Any]](mongo.uri.get_secret_value()) as client:
        found = list(client[mongo.database]["post_prices"].aggregate([{"$match": {"price": {"$ne": None}}}, group]))
    return (found[0]["rows"], found[0]["total"]) if found else (0, 0.0)
