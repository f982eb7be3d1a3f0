"""Which keys a table holds, remembered: it may say "look" too often, and never "new" of a key that is there."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from streaming.sinks import delta
from streaming.sinks.known_keys import KnownKeys, keys_of
from tests.spark.frames import table_frame

pytestmark = pytest.mark.spark

START = datetime(2026, 10, 1, tzinfo=UTC)
DAY = 1_440


def frame(spark: SparkSession, table: str, numbers: list[int]) -> DataFrame:
    """Rows of a table whose keys and time are made from numbers (minutes)."""
    time = F.timestamp_millis(F.lit(int(START.timestamp() * 1_000)) + F.col("n") * 60_000)
    told = {"horizon_minutes": F.col("n"), "open_time": time, "post_id": F.concat(F.lit("p"), F.col("n"))}
    return table_frame(spark, table, numbers, told)


class Table:
    """A Delta table, and what is remembered of it."""

    def __init__(self, spark: SparkSession, name: str, path: str, time: str | None, **limits: int) -> None:
        self.spark, self.name, self.path, self.time = spark, name, path, time
        frame(spark, name, []).write.format("delta").save(path)
        self.known = KnownKeys(spark, name, path, time, **limits)

    def append(self, numbers: list[int]) -> None:
        frame(self.spark, self.name, numbers).write.format("delta").mode("append").save(self.path)

    def lacks(self, numbers: list[int]) -> bool:
        return self.known.lack(keys_of(frame(self.spark, self.name, numbers), self.name, self.time))

    def write(self, numbers: list[int], lacking: list[int] | None = None) -> None:
        """A batch, of which the table lacked only `lacking`."""
        if new := numbers if lacking is None else lacking:
            self.append(new)
        keys = keys_of(frame(self.spark, self.name, numbers), self.name, self.time)
        self.known.written(keys, appended=bool(new))


@pytest.fixture(params=[("post_prices", None), ("candles", "open_time")], ids=["all keys", "by time"])
def table(request: pytest.FixtureRequest, spark: SparkSession, tmp_path: Path) -> Table:
    name, time = request.param
    return Table(spark, name, str(tmp_path / name), time)


def test_it_is_new_until_it_is_written(table: Table) -> None:
    assert table.lacks([1, 2, 3])
    table.write([1, 2, 3])
    assert not table.lacks([3, 4])
    assert table.lacks([4, 5])


def test_the_same_key_twice_in_a_batch_has_to_be_looked_into(table: Table) -> None:
    assert not table.lacks([1, 2, 2])


def test_what_was_there_before_it_began_is_known(table: Table) -> None:
    table.append([7, 8])
    assert not table.lacks([8, 9])
    assert table.lacks([9])


def test_what_another_writer_adds_is_known(table: Table) -> None:
    assert table.lacks([1])
    table.write([1])
    table.append([2])
    assert not table.lacks([2])
    # Beside its own append, between the look and the word that it was written.
    assert table.lacks([3])
    table.append([4])
    table.write([3])
    assert not table.lacks([4])
    assert not table.lacks([3])


def test_what_another_writer_adds_is_known_behind_a_batch_that_had_to_be_looked_into(table: Table) -> None:
    assert table.lacks([1])
    table.write([1])
    table.append([2])
    assert not table.lacks([1, 1])
    table.write([1, 1], lacking=[])
    assert not table.lacks([2])


def test_an_append_that_was_left_out_is_not_taken_for_one(table: Table) -> None:
    assert table.lacks([1])
    table.known.written(keys_of(frame(table.spark, table.name, [1]), table.name, table.time), appended=True)
    assert table.lacks([1])


def test_a_batch_of_which_only_some_or_no_rows_were_new_is_known_whole(table: Table) -> None:
    assert table.lacks([1, 2])
    table.write([1, 2])
    assert not table.lacks([2, 3])
    table.write([2, 3], lacking=[3])
    assert not table.lacks([3])
    table.write([2, 3], lacking=[])
    assert table.lacks([4])


def test_a_compaction_changes_no_keys_and_another_writer_beside_it_is_noticed(table: Table) -> None:
    for number in range(4):
        assert table.lacks([number])
        table.write([number])
    with table.known.same_rows():
        delta.compact(table.spark, table.path)
    assert delta.file_count(table.spark, table.path) == 1
    assert table.lacks([10])
    assert not table.lacks([2])
    table.append([11])
    with table.known.same_rows():
        delta.compact(table.spark, table.path)
    assert not table.lacks([11])


def test_it_reads_no_table_for_what_it_remembers(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    assert table.lacks([1])
    table.write([1])

    def refuse(spark: SparkSession, path: str) -> DataFrame:
        raise AssertionError("the table was read")

    monkeypatch.setattr(delta, "read", refuse)
    assert table.lacks([2, 3])
    assert not table.lacks([1])


def test_what_is_older_than_it_remembers_has_to_be_looked_into(spark: SparkSession, tmp_path: Path) -> None:
    table = Table(spark, "candles", str(tmp_path / "candles"), "open_time")
    table.append([0, 10 * DAY])
    assert table.lacks([10 * DAY + 1])
    assert not table.lacks([0]), "it is there, and a day before the first batch is all that is remembered"
    assert not table.lacks([1]), "it is not there, but nobody remembers"
    assert table.lacks([9 * DAY + 2])


def test_above_its_limit_a_table_with_time_is_learned_anew_where_the_batches_are(
    spark: SparkSession, tmp_path: Path
) -> None:
    table = Table(spark, "candles", str(tmp_path / "candles"), "open_time", most=5)
    for day in range(6):
        minutes = [3 * day * DAY, 3 * day * DAY + 1]
        assert table.lacks(minutes)
        table.write(minutes)
        assert len(table.known) <= 5
        assert not table.lacks(minutes)


def test_an_old_candle_among_new_ones_does_not_make_it_give_up(spark: SparkSession, tmp_path: Path) -> None:
    table = Table(spark, "candles", str(tmp_path / "candles"), "open_time", most=6)
    table.append([day * DAY for day in range(10)])
    assert not table.lacks([1, 9 * DAY + 1]), "too many lie behind the older one"
    table.write([1, 9 * DAY + 1])
    assert table.lacks([9 * DAY + 2])


def test_above_its_limit_a_table_without_time_is_always_looked_into(spark: SparkSession, tmp_path: Path) -> None:
    table = Table(spark, "post_prices", str(tmp_path / "post_prices"), None, most=3)
    assert table.lacks([1, 2])
    table.write([1, 2])
    assert table.lacks([3, 4])
    table.write([3, 4])
    assert not table.lacks([5])
    assert len(table.known) == 0


def test_against_a_set_over_many_batches(table: Table) -> None:
    chance, held = random.Random(5), set[int]()
    for _ in range(12):
        batch = [chance.randrange(100) for _ in range(chance.choice([1, 3, 12]))]
        is_new = len(set(batch)) == len(batch) and not held & set(batch)
        assert table.lacks(batch) == is_new
        table.write(batch, lacking=sorted(set(batch) - held))
        held |= set(batch)


def test_the_keys_of_a_batch_have_the_types_of_the_table_and_their_span(spark: SparkSession) -> None:
    rows = frame(spark, "post_prices", [1, 2, 3])
    wider = rows.withColumn("horizon_minutes", F.col("horizon_minutes").cast("long"))
    assert list(keys_of(wider, "post_prices").hashes) == list(keys_of(rows, "post_prices").hashes)
    assert keys_of(rows, "post_prices").span is None
    minutes = keys_of(frame(spark, "candles", [5, 3, 9]), "candles", "open_time")
    assert minutes.span == (START + timedelta(minutes=3), START + timedelta(minutes=9))
    assert len(keys_of(frame(spark, "candles", []), "candles", "open_time")) == 0
