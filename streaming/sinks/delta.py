"""Delta tables: made when missing, appended to exactly once a batch, compacted between batches."""

from __future__ import annotations

import math
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from newswake.errors import ServiceError
from newswake.settings import Lake

ROWS_PER_FILE = 2_000_000

# The protocol of every table. With these two there is no list of features that a reader has to know.
PROTOCOL = {"minReaderVersion": 1, "minWriterVersion": 2}

# Only features that delta-rs, DuckDB and Polars read. Statistics over the first columns let a reader skip files by
# time; no partition columns: a table of this size would only become thousands of small files by them.
PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    "delta.checkpointPolicy": "classic",
    # Delta's own 10 would sum up the log, with everything that is not deleted yet, hundreds of times a day.
    "delta.checkpointInterval": "50",
}


# Counts up with every change of the tables that an older program could not read or write.
LAKE_VERSION = 1
VERSION_PROPERTY = "newswake.version"


def ensure_table(spark: SparkSession, path: str, schema: T.StructType, lake: Lake) -> None:
    """Make the table when it is missing; an existing one keeps its rows, and gets the properties of today.

    Raises `ServiceError` when the existing one is of another version, has other columns or needs newer readers.
    """
    wanted = properties(lake)
    if not is_table(spark, path):
        table = DeltaTable.createIfNotExists(spark).location(path).addColumns(schema)
        for name, value in wanted.items():
            table = table.property(name, value)
        table.execute()
        return
    # Not `detail()`, which also reads what files the table has: half the work of a start.
    held = {row["key"]: row["value"] for row in spark.sql(f"SHOW TBLPROPERTIES delta.`{path}`").collect()}
    if (version := held.get(VERSION_PROPERTY, str(LAKE_VERSION))) != str(LAKE_VERSION):
        raise ServiceError(
            f"The table {path} was written by another version of newswake (version {version} of the tables, this one "
            f"writes {LAKE_VERSION}): use that version, or set lake.path to another folder"
        )
    protocol = {name: int(held[f"delta.{name}"]) for name in PROTOCOL}
    if any(protocol[name] > pinned for name, pinned in PROTOCOL.items()):
        versions = ", ".join(f"{name} {version}" for name, version in protocol.items())
        raise ServiceError(
            f"The table {path} asks more of its readers than newswake's do ({versions}): another program has switched "
            "on a feature of it. Restore the table, or set lake.path to another folder"
        )
    if differences := different_columns(read(spark, path).schema, schema):
        raise ServiceError(
            f"The table {path} has other columns than this version of newswake writes: {'; '.join(differences)}. "
            "Restore the table, use the version that wrote it, or set lake.path to another folder"
        )
    changed = ", ".join(f"'{name}' = '{value}'" for name, value in wanted.items() if held.get(name) != value)
    if changed:
        spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ({changed})")


def properties(lake: Lake) -> dict[str, str]:
    """The properties of every table: what other readers need, and how long what is replaced is kept."""
    kept = f"interval {round(lake.keep_hours * 3_600)} seconds"
    return {
        **PROPERTIES,
        "delta.deletedFileRetentionDuration": kept,
        # Delta's own 30 days of commits, some a minute, would be more than a hundred thousand files.
        "delta.logRetentionDuration": kept,
        VERSION_PROPERTY: str(LAKE_VERSION),
    }


def different_columns(held: T.StructType, wanted: T.StructType) -> list[str]:
    """How the columns of a table differ from the wanted ones, in words; whether they may be null does not count."""
    held_types, wanted_types = (
        {field.name: field.dataType.simpleString() for field in schema} for schema in (held, wanted)
    )
    return [
        *(f"{name} is absent" for name in wanted_types if name not in held_types),
        *(f"{name} is unknown" for name in held_types if name not in wanted_types),
        *(
            f"{name} is {held_types[name]}, should be {kind}"
            for name, kind in wanted_types.items()
            if held_types.get(name, kind) != kind
        ),
    ]


def is_table(spark: SparkSession, path: str) -> bool:
    return bool(DeltaTable.isDeltaTable(spark, path))


def read(spark: SparkSession, path: str) -> DataFrame:
    return spark.read.format("delta").load(path)


def append(rows: DataFrame, path: str, *, count: int, transaction: tuple[str, int]) -> None:
    """Append `rows` once for the transaction (application id, version): a version that is not newer is skipped.

    `count` is the number of rows, which decides on the number of files.
    """
    application, version = transaction
    (
        rows.coalesce(max(1, math.ceil(count / ROWS_PER_FILE)))
        .write.format("delta")
        .mode("append")
        .option("txnAppId", application)
        .option("txnVersion", version)
        .save(path)
    )


def compact(spark: SparkSession, path: str) -> None:
    """Rewrite small files into larger ones. Not to run beside a writer that reads the table."""
    DeltaTable.forPath(spark, path).optimize().executeCompaction()


def vacuum(spark: SparkSession, path: str) -> None:
    """Delete the files that the table has not needed for `lake.keep_hours`. Conflicts with no writer."""
    DeltaTable.forPath(spark, path).vacuum()


class Versions:
    """Which version a table has, at the cost of a look for newer ones: its files are not read."""

    def __init__(self, spark: SparkSession, path: str) -> None:
        self._spark = spark
        self._path = path
        self._log: Any = None
        self._nothing: Any = None

    def newest(self) -> int:
        """As of now, whoever wrote it. The table must be there."""
        if self._log is None:
            jvm: Any = self._spark._jvm
            self._log = jvm.org.apache.spark.sql.delta.DeltaLog.forTable(self._spark._jsparkSession, self._path)
            self._nothing = jvm.scala.Option.empty()
        return int(self._log.update(False, self._nothing, self._nothing).version())


def file_count(spark: SparkSession, path: str) -> int:
    """How many data files the newest version of the table has."""
    row = DeltaTable.forPath(spark, path).detail().select("numFiles").first()
    return int(row["numFiles"]) if row else 0
