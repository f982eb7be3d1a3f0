"""The first row of each key, on static frames; a stream has operators with state for the same."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


def first_by(frame: DataFrame, keys: Sequence[str], order: Sequence[Column | str]) -> DataFrame:
    """One row a key: the first in `order`."""
    window = Window.partitionBy(*keys).orderBy(*order)
    return frame.withColumn("_place", F.row_number().over(window)).where(F.col("_place") == 1).drop("_place")
