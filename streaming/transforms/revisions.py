"""Minutes of which a later message says something else than the table `candles` keeps."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from streaming.schemas import CANDLE_REVISIONS, CANDLE_STATE, CANDLE_VALUES, KEYS
from streaming.transforms.first import first_by

KEY = list(KEYS["candles"])
# A source that does not tell these has not revised them.
NOT_ALWAYS_TOLD = ("trades", "taker_buy_volume")


def revisions(batch: DataFrame, table: DataFrame) -> DataFrame:
    """Rows of `candles` that came again with other values -> rows of `candle_revisions`, one for each set of values.

    `batch` has the columns of `candles` and position; `table` holds the candle that stays of each minute in it.
    `revision` is a digest of the new values, so that the same revision, told again by another message, is the same row.
    """
    held = table.select(*KEY, _state().alias("held"))
    told = batch.select(*KEY, _state().alias("revised"), "position")
    differing = told.join(held, on=KEY, how="inner").where(_differs(F.col("held"), F.col("revised")))
    rows = differing.withColumn("revision", _digest(F.col("revised")))
    first = first_by(rows, KEYS["candle_revisions"], ["revised.seen_at", "position"])
    return first.select(*CANDLE_REVISIONS.names)


def _state() -> Column:
    return F.struct(*CANDLE_STATE.names)


def _differs(held: Column, revised: Column) -> Column:
    differs = F.lit(False)
    for name in CANDLE_VALUES:
        if name in NOT_ALWAYS_TOLD:
            changed = F.coalesce(held[name] != revised[name], F.lit(False))
        else:
            changed = ~held[name].eqNullSafe(revised[name])
        differs = differs | changed
    return differs


def _digest(state: Column) -> Column:
    values = [F.coalesce(state[name].cast("string"), F.lit("-")) for name in CANDLE_VALUES]
    return F.substring(F.sha2(F.concat_ws(" ", *values), 256), 1, 16)
