"""The repair by hand: over any period, as often as one likes; also beside the application, but for a lake on S3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pymongo.database import Database

from newswake.errors import ServiceError
from streaming import mongo_setup, writer
from streaming.context import Context
from streaming.locks import only_application
from streaming.queries import post_prices
from streaming.repair import Period, repair


def repair_by_hand(context: Context, period: Period) -> str:
    """Repair and say what was done. Raises `NewswakeError` where it must not run, or has nothing to run on."""
    database = mongo_setup.connect(context.settings.mongo)
    try:
        writer.check(database, context.settings)
        with alone(context, database) as held:
            return _repair(held, period)
    finally:
        database.client.close()


@contextmanager
def alone(context: Context, database: Database[dict[str, Any]]) -> Iterator[Context]:
    """Hold the tables where Delta cannot keep two processes apart, which is on S3; elsewhere the application may run.

    Raises `ServiceError` when it does and must not.
    """
    if not context.settings.on_s3:
        yield context
        return
    with only_application(context.settings), writer.held(database, context.settings) as may_write:
        yield replace(context, may_write=may_write)


def _repair(context: Context, period: Period) -> str:
    checkpoint = context.checkpoint(post_prices.NAME)
    if checkpoint.watermark() is None:
        raise ServiceError(
            f"The query {post_prices.NAME} has not closed any hour yet (checkpoint {checkpoint.path}): everything is "
            'still the stream\'s, so run the application first (make run, or make submit ARGS="--once")'
        )
    # Other horizons than the stream's would write rows that it writes as well.
    checkpoint.verify(post_prices.fingerprint(context))
    done = repair(context, period=period)
    return f"repaired: {done.priced} rows priced, {done.missing} stated as missing"
