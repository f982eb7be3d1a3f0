"""A new checkpoint for one query, with the same rows: after a change that a checkpoint cannot take, or a damaged one.

The table and the collection stay. The old checkpoint is moved aside; the new one reads the topics from their beginning,
has an id of its own for its transactions, and writes only what the table does not hold yet: a row that is there stays
as it is, and what retention has deleted from the topics is not asked for again. `post_prices` is also owed rows that
the topics no longer tell of, such as those of a new horizon for last year's posts: the repair computes them from the
tables `posts` and `candles`, those of the closed hours before the stream begins, because in a topic of which the oldest
messages are gone, an edited post looks as if it had always been so.

Killed on the way, it has left a checkpoint that has not begun, and the next start goes on with that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from newswake.errors import ServiceError
from streaming import mongo_setup, writer
from streaming.context import Context
from streaming.locks import only_application
from streaming.queries import post_prices
from streaming.repair import repair
from streaming.sinks import delta

Run = Callable[[Context, Sequence[str], threading.Event], None]


def rebuild(context: Context, query: str, run: Run) -> str:
    """Rebuild a query by `run` (streaming.app); says what was done. Raises `ServiceError` beside the application."""
    with only_application(context.settings):
        database = mongo_setup.connect(context.settings.mongo)
        try:
            writer.check(database, context.settings)
            before = _rows(context, query)
            closed = _closed(context) if query == post_prices.NAME and before else None
            aside = context.checkpoint(query).move_aside(datetime.now(UTC))
            if closed is not None:
                with writer.held(database, context.settings) as may_write:
                    repair(replace(context, may_write=may_write), until=closed)
        finally:
            database.client.close()
        run(context, [query], threading.Event())
        said = f"rebuilt {query}: its table had {before:,} rows and has {_rows(context, query):,}"
    return f"{said}; the old checkpoint is {aside}, which may be deleted" if aside else said


def _closed(context: Context) -> datetime | None:
    """Up to which hour the old checkpoint had written everything; None when it cannot be read any more."""
    try:
        return context.checkpoint(post_prices.NAME).watermark()
    except ServiceError:
        return None


def _rows(context: Context, query: str) -> int:
    path = context.table(query)
    return delta.read(context.spark, path).count() if delta.is_table(context.spark, path) else 0
