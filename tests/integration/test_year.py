"""What grows is bounded: replaced files, the tables' logs, the clock's files, dead letters in MongoDB."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from streaming.context import Context
from streaming.housekeeping import Housekeeping
from streaming.schemas import DEAD_LETTERS
from streaming.sinks import delta
from streaming.sinks.compaction import Compaction
from tests.integration.pipeline import Pipeline
from tests.worlds.messages import publish
from tests.worlds.world import Beat, World, at, hours_of

pytestmark = [pytest.mark.spark, pytest.mark.integration]

NAME = "dead_letters"


def context_keeping(pipeline: Pipeline, hours: float) -> Context:
    settings = pipeline.settings
    lake = settings.lake.model_copy(update={"keep_hours": hours, "vacuum_hours": 6.0})
    assert pipeline.spark is not None
    return Context(pipeline.spark, settings.model_copy(update={"lake": lake}))


def append(context: Context, number: int) -> None:
    row = ("topic", 0, number, datetime(2025, 1, 6, tzinfo=UTC), None, b"", "empty")
    rows = context.spark.createDataFrame([row], DEAD_LETTERS)
    delta.append(rows, context.table(NAME), count=1, transaction=("test", number))


def data_files(context: Context) -> set[str]:
    return {file.name for file in Path(context.table(NAME)).glob("*.parquet")}


def test_replaced_files_are_deleted_when_they_are_old_beside_a_writer(pipeline: Pipeline) -> None:
    keeping, forgetting = context_keeping(pipeline, 24), context_keeping(pipeline, 0)
    spark, path = keeping.spark, keeping.table(NAME)
    delta.ensure_table(spark, path, DEAD_LETTERS, keeping.settings.lake)
    compaction = Compaction(spark, path, every=4)
    for number in range(4):
        append(keeping, number)
        compaction.appended()
    replaced = data_files(keeping)
    assert len(replaced) == 5
    Housekeeping(keeping).vacuum()
    assert data_files(keeping) == replaced, "a reader may still use them"

    delta.ensure_table(spark, path, DEAD_LETTERS, forgetting.settings.lake)
    stop, written = threading.Event(), []

    def write() -> None:
        while not stop.is_set() or not written:
            append(keeping, 100 + len(written))
            written.append(len(written))

    writer = threading.Thread(target=write)
    writer.start()
    Housekeeping(forgetting).vacuum()
    stop.set()
    writer.join()
    table = DeltaTable(path)
    assert data_files(keeping) == {Path(file).name for file in table.file_uris()}
    numbers = sorted(table.to_pyarrow_table()["offset"].to_pylist())
    assert numbers == [0, 1, 2, 3, *(100 + number for number in written)]


def test_it_is_due_by_the_clock_however_often_the_process_starts(pipeline: Pipeline) -> None:
    context, now = context_keeping(pipeline, 24), datetime.now(UTC)
    assert not Housekeeping(context).is_due(now), "a new lake has nothing to delete"
    assert not Housekeeping(context).is_due(now + timedelta(hours=5))
    assert Housekeeping(context).is_due(now + timedelta(hours=7))
    Housekeeping(context).vacuum()
    assert not Housekeeping(context).is_due(datetime.now(UTC) + timedelta(hours=5))


@pytest.mark.long
def test_starts_leave_no_trail_of_clock_files(pipeline: Pipeline) -> None:
    folder = Path(pipeline.settings.checkpoints_path) / "post_prices" / "clock"
    for number in range(4):
        world = World((Beat(at(2 * number + 2)),), tuple(hours_of("BTC", at(2 * number), 2)))
        publish(pipeline.settings, world)
        pipeline.once(["post_prices"])
    # That of the newest start, and that which the batch before the newest may have been planned with.
    for name in ("posts", "candles"):
        assert 1 <= len(list((folder / name).glob("*.json"))) <= 2
