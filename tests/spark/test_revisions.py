"""Minutes that a later message tells otherwise, against a plain computation."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pyspark.sql import SparkSession

from streaming.schemas import CANDLE_VALUES, CANDLES
from streaming.transforms.revisions import revisions
from tests.spark.small_worlds import START, moment

pytestmark = pytest.mark.spark

Minute = dict[str, Any]
BATCH = f"{CANDLES.simpleString()[len('struct<') : -1]},position:bigint"


def drawn(chance: random.Random, minute: int) -> Minute:
    """One of few states of a minute, so that the same one often comes again; trades are not always told."""
    state = {name: chance.choice([1.0] * 6 + [2.0]) for name in ("open", "high", "low", "close", "volume")}
    told = {"trades": chance.choice([None, 3, 3, 3, 4]), "taker_buy_volume": chance.choice([None, 0.5])}
    return {
        "symbol": chance.choice(["BTC", "ETH"]),
        "quote": "USDT",
        "exchange": "binance",
        "interval": "1m",
        "open_time": moment(minute * 60),
        **state,
        **told,
        "filled": chance.random() < 0.1,
    }


def differs(held: Minute, told: Minute) -> bool:
    def changed(name: str) -> bool:
        if name in ("trades", "taker_buy_volume") and None in (held[name], told[name]):
            return False
        return bool(held[name] != told[name])

    return any(changed(name) for name in CANDLE_VALUES)


def minute_of(row: Minute) -> tuple[Any, ...]:
    return row["symbol"], row["open_time"]


def values_of(row: Any) -> tuple[Any, ...]:
    return tuple(row[name] for name in CANDLE_VALUES)


def test_each_set_of_other_values_is_one_revision(spark: SparkSession) -> None:
    chance = random.Random(31)
    table = {minute_of(row): {**row, "seen_at": START} for row in (drawn(chance, k % 30) for k in range(90))}
    batch = [{**drawn(chance, k % 40), "seen_at": moment(k), "position": k} for k in range(400)]
    frames = [
        spark.createDataFrame([tuple(row.get(name) for name in names) for row in rows], schema)
        for rows, names, schema in (
            (batch, [*CANDLES.names, "position"], BATCH),
            (list(table.values()), CANDLES.names, CANDLES),
        )
    ]
    found = revisions(frames[0], frames[1]).collect()

    wanted: dict[tuple[Any, ...], int] = {}
    for row in batch:
        held = table.get(minute_of(row))
        if held is not None and differs(held, row):
            wanted.setdefault((*minute_of(row), values_of(held), values_of(row)), row["position"])
    assert {
        (row["symbol"], moment_of(row["open_time"]), values_of(row["held"]), values_of(row["revised"])): seconds_of(
            row["revised"]["seen_at"]
        )
        for row in found
    } == wanted
    assert len(found) == len(wanted)
    assert len({(row["symbol"], row["open_time"], row["revision"]) for row in found}) == len(found)
    assert 10 < len(wanted) < len(batch) * 2 // 3, "too few of either kind"


def moment_of(local: Any) -> Any:
    return local.astimezone(START.tzinfo)


def seconds_of(local: Any) -> int:
    return round((moment_of(local) - START).total_seconds())
