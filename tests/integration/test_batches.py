"""What is done with a batch, in which order: prices are shown first, the table is read only where it has to be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from streaming.head_start import HeadStart
from streaming.sinks import batch as batch_module
from streaming.sinks import delta, mongo
from streaming.sinks.batch import Output, batches
from streaming.sinks.documents import dead_letter_documents, post_price_documents
from tests.integration.pipeline import Pipeline
from tests.spark.frames import table_frame
from tests.worlds.messages import publish
from tests.worlds.world import Beat, World, at

pytestmark = [pytest.mark.spark, pytest.mark.integration]

OUTPUTS = {
    "post_prices": Output("post_prices", post_price_documents, order=["target_time"], goes_first=True),
    "dead_letters": Output("dead_letters", lambda rows: dead_letter_documents(rows, 90), order=["kafka_time"]),
}
Write = Callable[[str], Callable[[list[int], int], list[int]]]

NUMBERS = {"post_prices": "horizon_minutes", "dead_letters": "offset"}


def frame(spark: SparkSession, name: str, numbers: list[int]) -> DataFrame:
    """Rows of a table that differ in one column of their key."""
    told = {NUMBERS[name]: F.col("n"), "partition": F.lit(0), "kafka_time": F.lit(datetime(2026, 10, 1, tzinfo=UTC))}
    return table_frame(spark, name, numbers, told)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the writing of batches calls, in its order."""
    found: list[str] = []

    def spy(place: Any, name: str, word: Callable[..., str]) -> None:
        function = getattr(place, name)

        def told(*arguments: Any, **options: Any) -> Any:
            found.append(word(*arguments, **options))
            return function(*arguments, **options)

        monkeypatch.setattr(place, name, told)

    spy(mongo, "_save", lambda documents, settings, collection, operation: operation)
    spy(delta, "append", lambda *arguments, **options: "delta")
    spy(batch_module, "new_rows", lambda *arguments: "compare")
    spy(HeadStart, "shown", lambda start: "shown")
    spy(HeadStart, "wait", lambda start: "wait")
    return found


@pytest.fixture
def write(pipeline: Pipeline, spark: SparkSession) -> Write:
    """Batches of a query in one process: (numbers of rows, number of the batch) -> the numbers that the lake has."""
    publish(pipeline.settings, World((Beat(at(1)),), ()))
    pipeline.once(["post_prices", "dead_letters"])

    def started(name: str) -> Callable[[list[int], int], list[int]]:
        on_batch = batches(pipeline.context(), OUTPUTS[name])

        def written(numbers: list[int], batch_id: int) -> list[int]:
            on_batch(frame(spark, name, numbers), batch_id)
            return sorted(pipeline.table(name)[NUMBERS[name]].to_list())

        return written

    return started


def test_prices_are_shown_before_the_archive_has_them_and_new_rows_need_no_look(
    write: Write, said: list[str], pipeline: Pipeline
) -> None:
    # As if the process before had been killed behind its plan of a batch.
    for commit in (Path(pipeline.settings.checkpoints_path) / "post_prices" / "commits").glob("[0-9]*"):
        commit.unlink()
    on_batch = write("post_prices")
    assert on_batch([1, 2], 0) == [1, 2]
    assert on_batch([3], 101) == [1, 2, 3]
    # What an earlier process planned may have been begun by it.
    assert said == ["replace", "shown", "delta", "insert", "shown", "delta"]
    said.clear()
    assert on_batch([3, 4, 4], 102) == [1, 2, 3, 4]
    assert said == ["compare", "insert", "shown", "delta"]
    said.clear()
    assert on_batch([3, 4], 103) == [1, 2, 3, 4]
    assert said == ["compare"]
    assert on_batch([5], 104) == [1, 2, 3, 4, 5]


def test_another_process_writes_nothing_again(write: Write, said: list[str], pipeline: Pipeline) -> None:
    write("post_prices")([1, 2], 100)
    pipeline.database["post_prices"].delete_many({})
    said.clear()
    assert write("post_prices")([1, 2], 100) == [1, 2]
    assert said == ["compare"]


def test_the_other_queries_wait_for_prices_once_they_have_caught_up(
    write: Write, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "QUICK_SECONDS", float("inf"))
    on_batch = write("dead_letters")
    assert on_batch([1], 100) == [1]
    assert on_batch([2], 101) == [1, 2]
    assert said == ["insert", "delta", "wait", "insert", "delta"]
    monkeypatch.setattr(batch_module, "QUICK_SECONDS", 0.0)
    said.clear()
    on_batch([3], 102)
    on_batch([4], 103)
    assert said == ["wait", "insert", "delta", "insert", "delta"]
