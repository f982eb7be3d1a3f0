"""A table that is damaged is a sentence, in whatever way its reader takes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake

from dashboard.lake import LakeAway, LakeTables

START = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMA = {"at": pl.Datetime("us", "UTC")}
ROWS = pl.DataFrame({"post_id": ["a", "b"] * 5_000})


@pytest.mark.parametrize("left", [0, 4, 100, -1])
def test_a_file_that_was_cut_off(tmp_path: Path, left: int) -> None:
    write_deltalake(str(tmp_path / "posts"), ROWS)
    for file in (tmp_path / "posts").glob("*.parquet"):
        file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(LakeAway, match="The table posts of the lake cannot be read now"):
        LakeTables(str(tmp_path)).read("posts", {"post_id": pl.String()}, pl.col("post_id") == "a", 10, "post_id")


def test_where_some_must_be_left_out_the_newest_rows_stay(tmp_path: Path) -> None:
    for hour in (5, 1, 9, 3):  # files of no order, as a backfill makes them
        rows = pl.DataFrame({"at": [START + timedelta(hours=hour, minutes=minute) for minute in range(3)]})
        write_deltalake(str(tmp_path / "posts"), rows, mode="append")
    lake = LakeTables(str(tmp_path))
    found = lake.read("posts", SCHEMA, pl.col("at") < START + timedelta(hours=9), 4, "at")
    newest = [timedelta(hours=3, minutes=2), *(timedelta(hours=5, minutes=minute) for minute in range(3))]
    assert sorted(found["at"]) == [START + after for after in newest]
    assert lake.read("posts", SCHEMA, pl.lit(True), 12, "at").height == 12
