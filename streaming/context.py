"""What every query needs in order to start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property

from pyspark.sql import SparkSession

from newswake.settings import Settings
from streaming.checkpoints import Checkpoint
from streaming.files import Files
from streaming.head_start import HeadStart
from streaming.inputs import Inputs
from streaming.late_candles import LateCandles
from streaming.locks import held
from streaming.sinks.steps import Steps


@dataclass(frozen=True)
class Context:
    """`once`: process what is there, in larger batches, and end.

    `loss_accepted`: messages are known to be gone from the topics, and the queries are to go on behind them. `steps`
    is where batches note how long they wrote. `may_write`: raises `ServiceError` when the tables are no longer ours to
    write; called before every write. `head_start`: lets one query show its rows before the others write.
    """

    spark: SparkSession
    settings: Settings
    once: bool = False
    loss_accepted: bool = False
    steps: Steps = field(default_factory=Steps)
    may_write: Callable[[], None] = lambda: None
    head_start: HeadStart = field(default_factory=HeadStart)

    @cached_property
    def inputs(self) -> Inputs:
        """The two topics."""
        return Inputs(self.spark, self.settings, once=self.once, loss_accepted=self.loss_accepted)

    @cached_property
    def late_candles(self) -> LateCandles:
        """What the query `candles` tells the repairs."""
        return LateCandles(self.settings.streaming.lateness_minutes)

    def checkpoint(self, query: str) -> Checkpoint:
        return Checkpoint(Files(self.spark), query, f"{self.settings.checkpoints_path}/{query}")

    def post_prices_lock(self) -> AbstractContextManager[None]:
        """Held by whoever writes the table `post_prices`, from reading what it holds to the last write."""
        return held(self.settings.home / "run" / "post_prices.lock")

    def table(self, name: str) -> str:
        return f"{self.settings.lake_path}/{name}"
