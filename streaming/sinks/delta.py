"""Delta tables: made when missing, appended to exactly once a batch, compacted between batches."""

from __future__ import annotations

import math

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

ROWS_PER_FILE = 2_000_000

# Only features that delta-rs, DuckDB and Polars read. Statistics over the first columns let a reader skip files by
# time; no partition columns: a table of this size would only become thousands of small files by them.
PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    "delta.checkpointPolicy": "classic",
}


def ensure_table(spark: SparkSession, path: str, schema: T.StructType) -> None:
    """Make the table when it is missing; an existing one keeps its rows."""
    table = DeltaTable.createIfNotExists(spark).location(path).addColumns(schema)
    for name, value in PROPERTIES.items():
        table = table.property(name, value)
    table.execute()


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


def file_count(spark: SparkSession, path: str) -> int:
    """How many data files the newest version of the table has."""
    row = DeltaTable.forPath(spark, path).detail().select("numFiles").first()
    return int(row["numFiles"]) if row else 0
