"""The repair by hand: over any period, beside the application or without it, as often as one likes."""

from __future__ import annotations

from newswake.errors import ServiceError
from streaming import mongo_setup, writer
from streaming.context import Context
from streaming.queries import post_prices
from streaming.repair import Period, repair


def repair_by_hand(context: Context, period: Period) -> str:
    """Repair and say what was done. Raises `NewswakeError` where it must not run, or has nothing to run on."""
    database = mongo_setup.connect(context.settings.mongo)
    try:
        writer.check(database, context.settings)
    finally:
        database.client.close()
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
