"""The clock of the join across restarts.

Spark keeps the slower topic's clock in a checkpoint, not each topic's own: after a restart, a topic that has nothing
new to say would hold the clock for ever, and what is missing in a recording that was read to its end would never be
stated. So at every start each topic's clock is read again from the messages before the checkpoint's offsets, and told
to the join as one row in a small file, which is a source of the query like the topics.
"""

from __future__ import annotations

import json
import time

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from streaming.checkpoints import Checkpoint
from streaming.context import Context
from streaming.files import Files
from streaming.inputs import are_interpreted
from streaming.parsing.candles import parse_candles
from streaming.parsing.posts import parse_posts
from streaming.sources import read_tail
from streaming.transforms.due import due_rows
from streaming.transforms.pages import hour_pages

# Messages of a partition that are looked at. Topics go forward in time, so their newest time is among the last ones;
# a time that is too old is only a clock that waits longer than it must.
TAIL_MESSAGES = 5_000
MINUTE_MS = 60_000


def past_clock(context: Context, checkpoint: Checkpoint) -> tuple[DataFrame, DataFrame]:
    """Two streams with a row a start: (`heartbeat`) for the posts, (`hour`) for the candles, both timestamps.

    They say how far each topic had been read by this checkpoint; a new checkpoint has no row.
    """
    kafka, streaming = context.settings.kafka, context.settings.streaming
    read = checkpoint.offsets()
    posts = candles = None
    if kafka.posts_topic in read:
        tail = read_tail(context.spark, kafka, kafka.posts_topic, read[kafka.posts_topic], TAIL_MESSAGES)
        parsed = parse_posts(tail, streaming.future_tolerance_seconds)
        posts = _newest(due_rows(parsed, streaming.horizons_minutes, streaming.join_posts))
    if kafka.candles_topic in read:
        tail = read_tail(context.spark, kafka, kafka.candles_topic, read[kafka.candles_topic], TAIL_MESSAGES)
        parsed = parse_candles(tail, streaming.future_tolerance_seconds, small_plan=are_interpreted(context.spark))
        candles = _newest(hour_pages(parsed))
    if posts is not None:
        # As a heartbeat, which stands at its time plus the largest horizon.
        posts -= max(streaming.horizons_minutes) * MINUTE_MS
    return (
        _told(context, checkpoint, "posts", posts, "heartbeat"),
        _told(context, checkpoint, "candles", candles, "hour"),
    )


def _newest(rows: DataFrame) -> int | None:
    """The newest `hour` in epoch milliseconds, None where there are no rows."""
    newest: int | None = rows.agg(F.unix_millis(F.max("hour")).alias("ms")).collect()[0]["ms"]
    return newest


def _told(context: Context, checkpoint: Checkpoint, name: str, ms: int | None, column: str) -> DataFrame:
    folder = f"{checkpoint.path}/clock/{name}"
    files = Files(context.spark)
    files.make_folder(folder)
    _forget_read(files, checkpoint, folder)
    if ms is not None:
        files.write_text(f"{folder}/{time.time_ns()}.json", json.dumps({"ms": ms}))
    stream = context.spark.readStream.schema("ms bigint").json(folder)
    return stream.select(F.timestamp_millis("ms").alias(column))


def _forget_read(files: Files, checkpoint: Checkpoint, folder: str) -> None:
    """Delete the files that a committed batch has read: every start leaves one.

    The newest batch was planned after the commit before it, with every file that was there by then; so when it is
    committed as well, nothing asks for those files again. By the file system's own clock.
    """
    before = checkpoint.committed_before_ms()
    if before is None:
        return
    for name in files.names(folder):
        path = f"{folder}/{name}"
        if files.modified_ms(path) < before:
            files.delete(path)
