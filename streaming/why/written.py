"""How the rows of a post came into the Delta table: the commit that brought each, and the batch that made it."""

from __future__ import annotations

import json
import logging
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from streaming.files import Files
from streaming.sinks import delta

log = logging.getLogger(__name__)

# A file's commit is the first one that is not older than it; some more are looked into where times are whole seconds.
COMMITS_LOOKED_INTO = 5


@dataclass(frozen=True)
class LakeRow:
    """A row of `post_prices`, the name of the file that has it, and when that was written, in epoch milliseconds."""

    document: Mapping[str, Any]
    file: str
    written_ms: int


@dataclass(frozen=True)
class Commit:
    """`batch` is (id of the checkpoint, number of the batch); None for a rewrite: a compaction or the repair."""

    version: int
    at: datetime
    batch: tuple[str, int] | None
    files: frozenset[str]


class RowsInLake:
    """The rows of one post and coin in the Delta table `post_prices` at `path`."""

    def __init__(self, spark: SparkSession, path: str, post: Mapping[str, Any], coin: str) -> None:
        self._spark = spark
        self._path = path
        # By the name and the time files are skipped. A MongoDB that was made anew does not know the first observation.
        self._of_post = (
            (F.col("source") == post["source"])
            & (F.col("post_id") == post["post_id"])
            & (F.col("symbol") == coin)
            & (F.col("seen_at") >= F.lit(min(post["first_seen_at"], post["published_at"])))
        )
        self._files = Files(spark)
        self._log = f"{path}/_delta_log"
        names = (name.removesuffix(".json") for name in self._files.names(self._log) if name.endswith(".json"))
        self._versions = sorted(int(name) for name in names if name.isdigit())

    def rows(self, version: int | None = None) -> dict[int, LakeRow]:
        """By horizon, as the table has them, or had them at that version."""
        if not delta.is_table(self._spark, self._path):
            return {}
        reader = self._spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        written_ms = F.unix_millis("_metadata.file_modification_time").alias("written_ms")
        table = reader.load(self._path)
        found = table.where(self._of_post).select(
            *table.columns, F.col("_metadata.file_name").alias("file"), written_ms
        )
        return {
            int(row["horizon_minutes"]): LakeRow(row, row.pop("file"), row.pop("written_ms"))
            for row in found.toArrow().to_pylist()
        }

    def commits(self, rows: Mapping[int, LakeRow], since: datetime | None) -> dict[int, Commit | None]:
        """By horizon, the commit that brought the row; None where that is not kept any more.

        Compactions rewrite rows, so it goes back behind them, but to none before `since`.
        """
        found: dict[int, Commit | None] = {}
        rewrites: dict[int, tuple[Commit, dict[int, LakeRow]]] = {}
        of_file = {row.file: self._commit_of(row) for row in {row.file: row for row in rows.values()}.values()}
        for horizon, row in rows.items():
            commit = of_file[row.file]
            if commit is None or commit.batch is not None:
                found[horizon] = commit
            elif since is None or commit.at < since:
                found[horizon] = None
            else:
                rewrites.setdefault(commit.version, (commit, {}))[1][horizon] = row
        for commit, rewritten in rewrites.values():
            found |= self._behind(commit, rewritten, since)
        return found

    def _behind(self, rewrite: Commit, rows: Mapping[int, LakeRow], since: datetime | None) -> dict[int, Commit | None]:
        try:
            before = self.rows(rewrite.version - 1)
        except (PySparkException, Py4JError) as error:  # its files, or its part of the log, have been deleted
            log.debug("version %d cannot be read: %s", rewrite.version - 1, type(error).__name__)
            return dict.fromkeys(rows)
        same = {
            horizon: before[horizon]
            for horizon, row in rows.items()
            if horizon in before and before[horizon].document == row.document
        }
        # What the rewrite did not find as it is, it has made: that is the repair.
        made: dict[int, Commit | None] = {horizon: rewrite for horizon in rows if horizon not in same}
        return made | self.commits(same, since)

    def _commit_of(self, row: LakeRow) -> Commit | None:
        place = bisect_left(self._versions, row.written_ms, key=self._committed_ms)
        for version in self._versions[place : place + COMMITS_LOOKED_INTO]:
            commit = _commit(version, self._files.read_text(self._file(version)))
            if row.file in commit.files:
                return commit
        return None

    def _committed_ms(self, version: int) -> int:
        return self._files.modified_ms(self._file(version))

    def _file(self, version: int) -> str:
        return f"{self._log}/{version:020d}.json"


def _commit(version: int, text: str) -> Commit:
    """A commit as Delta writes it: a JSON object a line, each with one action."""
    at, batch, files = 0, None, set()
    for line in text.splitlines():
        action = json.loads(line)
        if info := action.get("commitInfo"):
            at = int(info["timestamp"])
        if told := action.get("txn"):
            batch = (str(told["appId"]), int(told["version"]))
        if added := action.get("add"):
            files.add(str(added["path"]).rpartition("/")[2])
    return Commit(version, datetime.fromtimestamp(at / 1_000, UTC), batch, frozenset(files))
