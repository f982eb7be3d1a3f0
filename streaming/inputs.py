"""The two topics, read and parsed once for all queries."""

from __future__ import annotations

from functools import cached_property

from pyspark.sql import DataFrame, SparkSession

from newswake.settings import Settings
from streaming.parsing.candles import parse_candles
from streaming.parsing.posts import parse_posts
from streaming.sources import read_topic

# An hour page is one row to the join, which keeps pages whole, and sixty to the archive of candles. What a batch costs
# besides its rows (planning, comparing, a commit of the table) is about a second: half of it at the archive's portions,
# a quarter at three of them, a tenth at nine. A live run stays at three, so that its newest rows are soon seen.
PORTIONS_OF_JOIN = 3
PORTIONS_OF_JOIN_ONCE = 9


def are_interpreted(spark: SparkSession) -> bool:
    """Whether expressions are interpreted, as in a live run (scripts/submit.py). A lambda is then as fast as others."""
    return str(spark.conf.get("spark.sql.codegen.factoryMode")) == "NO_CODEGEN"


class Inputs:
    """Parsed messages as streams. Queries that read alike share the plans, which take long to build; not what is read.

    The posts are always read to their end, the candles in bounded portions: read the other way round, the candles
    would move the clock of the join past posts that are still in the topic. `once`: history is read, by the join in
    larger portions.
    """

    def __init__(
        self, spark: SparkSession, settings: Settings, *, once: bool = False, loss_accepted: bool = False
    ) -> None:
        self._spark = spark
        self._kafka = settings.kafka
        self._max_offsets = settings.streaming.max_offsets_per_trigger
        self._portions_of_join = PORTIONS_OF_JOIN_ONCE if once else PORTIONS_OF_JOIN
        self._tolerance_seconds = settings.streaming.future_tolerance_seconds
        self._loss_accepted = loss_accepted

    @cached_property
    def posts(self) -> DataFrame:
        """As `parse_posts` gives them."""
        return parse_posts(self._read(self._kafka.posts_topic), self._tolerance_seconds)

    @cached_property
    def candles(self) -> DataFrame:
        """As `parse_candles` gives them, for what makes a row of each candle, or only looks for what is refused."""
        return self._candles(self._max_offsets)

    @cached_property
    def pages(self) -> DataFrame:
        """The same, in larger portions, for what keeps the pages whole."""
        return self._candles(self._portions_of_join * self._max_offsets)

    def _candles(self, max_offsets: int) -> DataFrame:
        messages = self._read(self._kafka.candles_topic, max_offsets)
        return parse_candles(messages, self._tolerance_seconds, small_plan=are_interpreted(self._spark))

    def _read(self, topic: str, max_offsets: int = 0) -> DataFrame:
        return read_topic(self._spark, self._kafka, topic, max_offsets, loss_accepted=self._loss_accepted)
