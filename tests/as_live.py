"""The session as a live run has it: its rules, and expressions interpreted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from scripts.submit import quick_start_conf
from streaming.session_conf import configured


@contextmanager
def as_live(spark: SparkSession, live: bool = True) -> Iterator[None]:
    """With what scripts.submit gives a live run on top of the defaults, where `live`."""
    with configured(spark, quick_start_conf() if live else {}):
        yield
