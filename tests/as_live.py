"""The session as a live run has it: its rules, and expressions interpreted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pyspark.sql import SparkSession

from scripts.submit import quick_start_conf


@contextmanager
def configured(spark: SparkSession, wanted: Mapping[str, str]) -> Iterator[None]:
    """These settings in the block; behind it the session is as it was."""
    before = {name: spark.conf.get(name, None) for name in wanted}
    for name, value in wanted.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, held in before.items():
            if held is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, held)


@contextmanager
def as_live(spark: SparkSession, live: bool = True) -> Iterator[None]:
    """With what scripts.submit gives a live run on top of the defaults, where `live`."""
    with configured(spark, quick_start_conf() if live else {}):
        yield
