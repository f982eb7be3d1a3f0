"""Small files through Hadoop's file systems: written, replaced whole, and with no draft left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from streaming.files import Files

pytestmark = pytest.mark.spark


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_file_is_replaced(spark: SparkSession, tmp_path: Path, scheme: str) -> None:
    files, path = Files(spark), f"{scheme}{tmp_path}/checkpoints/vacuumed"
    for text in ("2025-03-03T00:00:00+00:00", "later: ü"):
        files.write_text(path, text)
        assert files.read_text(path) == text
        assert files.names(f"{scheme}{tmp_path}/checkpoints") == ["vacuumed"]


def test_what_cannot_be_written_is_said(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "taken" / "by").mkdir(parents=True)
    with pytest.raises(OSError, match="taken could not be written"):
        Files(spark).write_text(f"{tmp_path}/taken", "text")
    assert (tmp_path / "taken" / "by").is_dir()
