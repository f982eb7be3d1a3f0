"""How a batch is written, the same for every query: materialise, MongoDB, Delta with the transaction id, unpersist.

Materialised first, because each sink's action would otherwise run the stateful stage again, and because a replayed
batch whose Delta write is skipped must still run its state. MongoDB comes first: its writes are idempotent, and nobody
who looks now should wait for the archive. Whatever fails, fails the query; it is started again and replays the batch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQuery

from streaming.context import Context
from streaming.schemas import KEYS
from streaming.sinks import delta, mongo
from streaming.sinks.compaction import Compaction
from streaming.sinks.new_rows import Span, new_rows, over_the_span, span_of
from streaming.sinks.steps import BatchSteps, Step

log = logging.getLogger(__name__)

# Up to so many rows a batch is one partition from here on: its steps are then a task each, without any shuffle.
ROWS_OF_ONE_TASK = 10_000


@dataclass(frozen=True)
class Output:
    """Where the batches of one query go.

    `name` is the query, its table and its collection. Of a batch is written what the table does not hold yet: the first
    row of each of its keys, by `order`. `time` is a column that is the same in every row of a key, where there is one:
    the table is then only read over the batch's span of it. `documents` makes MongoDB's documents from those rows;
    `guard` is held from the look into the table to the last write.
    `spans` is called with the span of each batch before that look; `came_again` for a batch with rows that are not new:
    (the batch, its span, its new rows, the transaction).
    """

    name: str
    documents: Callable[[DataFrame], DataFrame]
    order: Sequence[str]
    time: str | None = None
    guard: Callable[[], AbstractContextManager[None]] = nullcontext
    spans: Callable[[datetime, datetime], None] | None = None
    came_again: Callable[[DataFrame, Span | None, DataFrame, tuple[str, int]], None] | None = None


def write_batch(context: Context, output: Output, batch: DataFrame, transaction: tuple[str, int]) -> int:
    """Write one batch to both sinks. Returns the number of rows; none are written when there are none."""
    steps = BatchSteps(context.spark, context.steps, output.name, transaction[1])
    with materialised(batch, steps.step(Step.COMPUTE), output.time) as (rows, count, span):
        if not count:
            return 0
        if count <= ROWS_OF_ONE_TASK:
            rows = rows.coalesce(1)
        if output.spans is not None and span is not None:
            output.spans(*span)
        # The table is looked into, so nobody else may write to it until this batch has.
        with output.guard():
            with steps.step(Step.COMPARE):
                table = over_the_span(delta.read(context.spark, context.table(output.name)), output.time, span)
                found = new_rows(rows, table, KEYS[output.name], output.order)
            with materialised(found, steps.step(Step.COMPARE)) as (new, new_count, _):
                context.may_write()
                if output.came_again is not None and new_count < count:
                    with steps.step(Step.COMPARE):
                        output.came_again(rows, span, new, transaction)
                if new_count:
                    with steps.step(Step.MONGODB):
                        mongo.write(output.documents(new), context.settings.mongo, output.name)
                    with steps.step(Step.DELTA):
                        delta.append(new, context.table(output.name), count=new_count, transaction=transaction)
                    steps.wrote(new_count)
                return new_count


@contextmanager
def materialised(
    frame: DataFrame, computing: AbstractContextManager[None] | None = None, time: str | None = None
) -> Iterator[tuple[DataFrame, int, Span | None]]:
    """The frame, computed once and kept until the end of the block, its number of rows, and their span of `time`.

    `computing` is entered while it is computed.
    """
    kept = frame.persist()
    moments = [F.unix_micros(of(time)) if time else F.lit(None) for of in (F.min, F.max)]
    try:
        with computing or nullcontext():
            count, oldest, newest = kept.agg(F.count(F.lit(1)), *moments).collect()[0]
        yield kept, count, span_of(oldest, newest)
    finally:
        kept.unpersist()


def start_query(context: Context, frame: DataFrame, output: Output) -> StreamingQuery:
    """Start the query named `output.name` over a streaming frame, on its own checkpoint, which was verified before."""
    checkpoint = context.checkpoint(output.name)
    compaction = Compaction(context.spark, context.table(output.name), context.settings.streaming.compact_every_batches)

    def on_batch(batch: DataFrame, batch_id: int) -> None:
        # The checkpoint's own id: a new checkpoint counts its batches anew, and must not be taken for the old one.
        count = write_batch(context, output, batch, (checkpoint.id(), batch_id))
        if count:
            steps = BatchSteps(context.spark, context.steps, output.name, batch_id)
            with output.guard(), steps.step(Step.COMPACT):
                context.may_write()
                compaction.appended()
            # Now, while nobody waits for rows: the next batch compares before it writes.
            with steps.step(Step.LIST):
                delta.list_files(context.spark, context.table(output.name))

    writer = (
        frame.writeStream.queryName(output.name)
        .option("checkpointLocation", checkpoint.path)
        .outputMode("append")
        .foreachBatch(on_batch)
    )
    if context.once:
        return writer.trigger(availableNow=True).start()
    return writer.trigger(processingTime=f"{context.settings.streaming.trigger_seconds} seconds").start()
