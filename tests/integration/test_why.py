"""`make why` on a real mongod and real Delta tables: it also finds what MongoDB has lost or has forgotten."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bson import Binary
from pydantic import SecretStr
from pyspark.sql import DataFrame

from streaming import mongo_setup
from streaming.repair import _merge
from streaming.schemas import TABLES
from streaming.sinks import delta
from streaming.why.answer import answer
from streaming.why.fate import Fate
from streaming.why.look import why
from streaming.why.places import InMongo
from streaming.why.written import RowsInLake
from tests.conftest import Fresh, free_ports
from tests.integration.pipeline import Pipeline
from tests.worlds.world import at

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Lake:
    """The tables of the lake, filled by hand; MongoDB has none of it, and of the batches only the reports."""

    pipeline: Pipeline

    def rows(self, name: str, *rows: dict[str, Any]) -> DataFrame:
        """Of which only what is told is not null."""
        schema = TABLES[name]
        return self.pipeline.context().spark.createDataFrame(
            [tuple(map(row.get, schema.names)) for row in rows], schema
        )

    def append(self, name: str, batch: int, *rows: dict[str, Any]) -> None:
        path = self.pipeline.context().table(name)
        delta.append(self.rows(name, *rows), path, count=len(rows), transaction=("checkpoint", batch))

    def reports(self, *batches: int) -> None:
        told = {"name": "post_prices", "id": "checkpoint", "runId": "run", "rowsWritten": 1}
        steps = {"compute": 410, "mongodb": 70, "delta": 900, "compact": 5}
        self.pipeline.database["query_progress"].insert_many(
            {**told, "batchId": batch, "timestamp": at(minutes=batch), "sinkMs": steps} for batch in batches
        )

    def committed(self) -> dict[int, str]:
        """By version, when `post_prices` was written, as another reader of Delta tells it."""
        history = self.pipeline.delta("post_prices").history()
        moments = {entry["version"]: datetime.fromtimestamp(entry["timestamp"] / 1_000, UTC) for entry in history}
        return {version: f"{moment:%Y-%m-%d %H:%M:%S.%f}"[:-3] for version, moment in moments.items()}


@pytest.mark.spark
def test_what_has_left_mongodb_and_how_each_row_was_written(pipeline: Pipeline) -> None:
    lake, context = Lake(pipeline), pipeline.context(horizons_minutes=(0, 1, 5, 15, 240))

    def fates() -> dict[int, Fate]:
        (found,) = why(context, pipeline.database, "rss:1", "btc")
        return {fate.due.horizon_minutes: fate for fate in found.fates}

    post = {"post_id": "1", "source": "rss", "title": "T", "published_at": at(1), "currencies": ["BTC"]}
    lake.append("posts", 0, *({**post, "seen_at": moment} for moment in (at(1, 2), at(1, 9))), {**post, "post_id": "2"})
    candle = {"symbol": "BTC", "quote": "USDT", "exchange": "binance", "interval": "1m", "close": 2.0}
    candles = {at(0, 59): at(1, 3), at(1): at(8), at(3): at(3, 1)}
    lake.append("candles", 0, *({**candle, "open_time": time, "seen_at": seen} for time, seen in candles.items()))
    price = {"post_id": "1", "source": "rss", "symbol": "BTC", "published_at": at(1), "seen_at": at(1, 2)}
    exact = {"price": 2.0, "price_status": "exact", "exchange": "binance"}
    at_once = {**price, **exact, "horizon_minutes": 0, "target_time": at(1)}
    minute, five = (
        {**price, "price_status": "missing", "horizon_minutes": horizon, "target_time": at(1, horizon)}
        for horizon in (1, 5)
    )
    lake.append("post_prices", 3, at_once, minute, five)
    lake.append("post_prices", 4, {**price, **exact, "horizon_minutes": 15, "target_time": at(1, 15)})
    letter = {"key": b"bad", "topic": "t", "partition": 0, "offset": 7, "kafka_time": at(1), "reason": "no JSON"}
    lake.append("dead_letters", 0, letter)
    lake.reports(3)

    began, (of_three, of_four) = fates(), (lake.committed()[version] for version in (0, 1))
    assert [fate.outcome for fate in began.values()] == ["priced", "no candle", "no candle", "priced", "not due yet"]
    assert began[0].says == "2 (exact, binance), post seen 2025-03-03 01:02:00, candle seen 2025-03-03 01:03:00"
    assert began[1].says.startswith("the candle came at 2025-03-03 08:00:00, after the hour was closed")
    assert "no candle of that minute has come since" in began[5].says
    assert "when its candle was seen is not known" in began[15].says
    steps = "compute 0.410 s, mongodb 0.070 s, delta 0.900 s"
    by_three = f"written by batch 3, which began 2025-03-03 00:03:00.000: {steps}; committed to the lake {of_three}"
    assert {began[horizon].written for horizon in (0, 1, 5)} == {f"{by_three} (machine's time)"}
    assert began[15].written == (
        f"written by batch 4, whose report is not kept any more; committed to the lake {of_four} (machine's time)"
    )
    assert "refused at 2025-03-03 01:00:00: no JSON (t, partition 0, offset 7)" in answer(context, "rss:bad", "BTC")

    # The repair and a compaction rewrite the files: what was written before keeps its batch.
    _merge(context, lake.rows("post_prices", {**minute, **exact, "repaired_at": at(9)}))
    delta.compact(context.spark, context.table("post_prices"))
    repaired = fates()
    assert {**repaired, 1: began[1]} == began
    assert "by the repair at 2025-03-03 09:00:00" in repaired[1].says
    assert repaired[1].written == f"written by the repair; committed to the lake {lake.committed()[2]} (machine's time)"

    mongo = context.settings.mongo.model_copy(
        update={"uri": SecretStr(f"mongodb://127.0.0.1:{free_ports(1)[0]}/"), "timeout_ms": 500}
    )
    alone = answer(replace(context, settings=context.settings.model_copy(update={"mongo": mongo})), "rss:1", "BTC")
    assert alone.startswith("No MongoDB answers at the address in the setting mongo.uri. The lake")
    assert all(fate.says in alone for fate in repaired.values())
    assert "written by a batch or a repair; which one is only known with MongoDB" in alone

    # The files that both replaced are deleted after a while.
    held = {Path(uri).name for uri in pipeline.delta("post_prices").file_uris()}
    for file in Path(context.table("post_prices")).glob("*.parquet"):
        if file.name not in held:
            file.unlink()
    in_lake = RowsInLake(context.spark, context.table("post_prices"), {**post, "first_seen_at": at(1, 2)}, "BTC")
    assert in_lake.commits(in_lake.rows(), since=at(0)) == dict.fromkeys((0, 1, 5, 15))


def test_a_refused_message_is_found_by_an_index_that_an_older_database_gets_too(fresh: Fresh) -> None:
    database = mongo_setup.connect(fresh.settings.mongo)
    try:
        letters = [
            {"key": Binary(b"%d" % (number % 10)), "kafka_time": at(minutes=number), "reason": f"no {number}"}
            for number in range(100)
        ]
        database["dead_letters"].insert_many([*letters, {"key": None}, {"key": Binary(b"k" * 262_144)}])
        for _ in range(2):  # a start, and the next one
            mongo_setup.ensure(database, [])
        assert (found := InMongo(database).refused([b"7", b"source:7"])) is not None
        assert found["reason"] == "no 97"
        asked: dict[str, Any] = {
            "find": "dead_letters",
            "filter": {"key": {"$in": [Binary(b"7"), Binary(b"source:7")]}},
        }
        plan = database.command("explain", {**asked, "sort": {"kafka_time": -1}, "limit": 1})
        assert plan["executionStats"]["totalDocsExamined"] == 1
    finally:
        database.client.close()
