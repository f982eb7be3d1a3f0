"""A table that is damaged is a sentence, in whatever way its reader takes it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake

from dashboard.lake import LakeAway, LakeTables

ROWS = pl.DataFrame({"post_id": ["a", "b"] * 5_000})


@pytest.mark.parametrize("left", [0, 4, 100, -1])
def test_a_file_that_was_cut_off(tmp_path: Path, left: int) -> None:
    write_deltalake(str(tmp_path / "posts"), ROWS)
    for file in (tmp_path / "posts").glob("*.parquet"):
        file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(LakeAway, match="The table posts of the lake cannot be read now"):
        LakeTables(str(tmp_path)).read("posts", {"post_id": pl.String()}, pl.col("post_id") == "a", 10)
