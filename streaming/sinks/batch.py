"""How a batch is written, the same for every query: materialise, MongoDB, Delta with the transaction id, unpersist.

Materialised first, because each sink's action would otherwise run the stateful stage again, and because a replayed
batch whose Delta write is skipped must still run its state. What materialises it also brings its keys, so that the
table only has to be looked into where it may hold one of them. MongoDB comes first: its writes are idempotent, and
nobody who looks now should wait for the archive. Whatever fails, fails the query; it is started again and replays the
batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql.streaming import StreamingQuery

from streaming.context import Context
from streaming.head_start import FOLLOWERS_TRIGGER_SECONDS
from streaming.schemas import KEYS, TABLES
from streaming.sinks import delta, mongo
from streaming.sinks.compaction import Compaction
from streaming.sinks.known_keys import BatchKeys, KnownKeys, keys_of
from streaming.sinks.new_rows import Span, new_rows, over_the_span
from streaming.sinks.steps import BatchSteps, Step

# Up to so many rows a batch is one partition from here on: its steps are then a task each, without any shuffle.
ROWS_OF_ONE_TASK = 10_000
# What a batch takes at most that is not of a catch-up, in which prices do not go first: nobody waits for them.
QUICK_SECONDS = 4.0
# Each look for something new lists a folder of the checkpoints there, which is paid for.
S3_TRIGGER_SECONDS = 2.0


@dataclass(frozen=True)
class Output:
    """Where the batches of one query go.

    `name` is the query, its table and its collection. Of a batch is written what the table does not hold yet: the first
    row of each of its keys, by `order`. `time` is a column that is the same in every row of a key, where there is one:
    the table is then only read over the batch's span of it. `documents` makes MongoDB's documents from those rows;
    `guard` is held from the look into the table to the last write.
    `spans` is called with the span of each batch before that look; `came_again` for a batch with rows that are not new:
    (the batch, its span, its new rows, the transaction). `changes`: a document is written again when it is told anew,
    and not once for all. `goes_first`: the other queries let it show its rows before
    they write (head_start.py).
    """

    name: str
    documents: Callable[[DataFrame], DataFrame]
    order: Sequence[str]
    time: str | None = None
    guard: Callable[[], AbstractContextManager[None]] = nullcontext
    spans: Callable[[datetime, datetime], None] | None = None
    came_again: Callable[[DataFrame, Span | None, DataFrame, tuple[str, int]], None] | None = None
    changes: bool = False
    goes_first: bool = False


def write_batch(
    context: Context,
    output: Output,
    batch: DataFrame,
    transaction: tuple[str, int],
    known: KnownKeys,
    *,
    may_be_replayed: bool,
) -> int:
    """Write one batch to both sinks. Returns the number of rows; none are written when there are none.

    `may_be_replayed`: an earlier process may have been cut off while it wrote this batch.
    """
    steps = BatchSteps(context.spark, context.steps, output.name, transaction[1])
    writing = _Writing(context, output, transaction, steps, insert=not (may_be_replayed or output.changes))
    with kept(batch) as rows:
        with steps.step(Step.COMPUTE):
            keys = keys_of(rows, output.name, output.time)
        if not len(keys):
            return 0
        if len(keys) <= ROWS_OF_ONE_TASK:
            rows = rows.coalesce(1)
        if output.spans is not None and keys.span is not None:
            output.spans(*keys.span)
        # The table is looked into, so nobody else may write to it until this batch has.
        with output.guard():
            with steps.step(Step.COMPARE):
                all_new = known.lack(keys)
            if all_new:
                count = len(keys)
                writing.write(rows.select(*TABLES[output.name].names), count)
            else:
                count = writing.write_what_is_new(rows, keys)
            known.written(keys, appended=count > 0)
    return count


@dataclass(frozen=True)
class _Writing:
    """One batch on its way to the sinks."""

    context: Context
    output: Output
    transaction: tuple[str, int]
    steps: BatchSteps
    insert: bool

    def write_what_is_new(self, rows: DataFrame, keys: BatchKeys) -> int:
        """The rows that the table lacks, after a look into it. Returns their number."""
        output = self.output
        with self.steps.step(Step.COMPARE):
            table = delta.read(self.context.spark, self.context.table(output.name))
            found = new_rows(rows, over_the_span(table, output.time, keys.span), KEYS[output.name], output.order)
        with kept(found) as new:
            with self.steps.step(Step.COMPARE):
                count = new.count()
            self.context.may_write()
            if output.came_again is not None and count < len(keys):
                with self.steps.step(Step.COMPARE):
                    output.came_again(rows, keys.span, new, self.transaction)
            if count:
                self.write(new, count)
        return count

    def write(self, new: DataFrame, count: int) -> None:
        """Rows of which the table has none, in its columns."""
        self.context.may_write()
        with self.steps.step(Step.MONGODB):
            mongo.write(self.output.documents(new), self.context.settings.mongo, self.output.name, new=self.insert)
        if self.output.goes_first:
            self.context.head_start.shown()
        with self.steps.step(Step.DELTA):
            table = self.context.table(self.output.name)
            delta.append(new, table, count=count, transaction=self.transaction)
        self.steps.wrote(count)


@contextmanager
def kept(frame: DataFrame) -> Iterator[DataFrame]:
    """The frame, computed once, by the first action on it, and kept until the end of the block."""
    held = frame.persist()
    try:
        yield held
    finally:
        held.unpersist()


def batches(context: Context, output: Output) -> Callable[[DataFrame, int], None]:
    """What one process does with each batch of a query, in their order: (the batch, its number)."""
    checkpoint, table = context.checkpoint(output.name), context.table(output.name)
    known = KnownKeys(context.spark, output.name, table, output.time)
    every = context.settings.streaming.compact_every_batches
    compaction = Compaction(context.spark, table, every, known.same_rows)
    begun_before = checkpoint.newest_planned()
    is_catching_up = True

    def on_batch(batch: DataFrame, batch_id: int) -> None:
        nonlocal is_catching_up
        if not (output.goes_first or is_catching_up):
            context.head_start.wait()
        began = time.monotonic()
        with context.head_start.leading() if output.goes_first else nullcontext():
            write(batch, batch_id)
        is_catching_up = time.monotonic() - began > QUICK_SECONDS

    def write(batch: DataFrame, batch_id: int) -> None:
        # The checkpoint's own id: a new checkpoint counts its batches anew, and must not be taken for the old one.
        transaction = (checkpoint.id(), batch_id)
        if write_batch(context, output, batch, transaction, known, may_be_replayed=batch_id <= begun_before):
            steps = BatchSteps(context.spark, context.steps, output.name, batch_id)
            with output.guard(), steps.step(Step.COMPACT):
                context.may_write()
                compaction.appended()

    return on_batch


def start_query(context: Context, frame: DataFrame, output: Output) -> StreamingQuery:
    """Start the query named `output.name` over a streaming frame, on its own checkpoint, which was verified before."""
    writer = (
        frame.writeStream.queryName(output.name)
        .option("checkpointLocation", context.checkpoint(output.name).path)
        .outputMode("append")
        .foreachBatch(batches(context, output))
    )
    if context.once:
        return writer.trigger(availableNow=True).start()
    seconds = context.settings.streaming.trigger_seconds
    if not output.goes_first:
        seconds = max(seconds, FOLLOWERS_TRIGGER_SECONDS)
    if context.settings.on_s3:
        seconds = max(seconds, S3_TRIGGER_SECONDS)
    query = writer.trigger(processingTime=f"{seconds} seconds").start()
    if output.goes_first:
        # Not while it only looks whether there is something.
        context.head_start.given_to(lambda: query.status["isTriggerActive"] and query.status["isDataAvailable"])
    return query
