"""Try generated messages of both topics: `python -m benchmarks.any_bytes --messages 100000 --seed 1`.

Each goes through the application's own parsing in Spark and is accounted for: in a table, heard as a heartbeat, or in
the dead letters with a reason; and as a plain Python program judges it. Most are valid messages that were changed at
random; a tenth comes from hypothesis. The first one that is not accounted for ends the run and is shown.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, given, seed, settings
from pyspark.sql import SparkSession
from rich.console import Console
from rich.table import Table

from scripts.places import JVM
from tests.conftest import spark_defaults
from tests.spark.accounts import Account, Drawn, account
from tests.spark.candle_corpus import ENVELOPE, FULL, page
from tests.spark.mutations import mutated, mutated_avro
from tests.spark.post_corpus import BARE, post
from tests.spark.test_any_bytes import HEARTBEAT, messages

PORTION = 5_000
BODIES = {"candles": [page(), FULL, ENVELOPE], "posts": [post(), BARE, HEARTBEAT]}
KEYS: dict[str, list[bytes | None]] = {
    "candles": [None, None, None, b"BTC", b"btc", b"\xff"],
    "posts": [None, None, b"20492911", b"\xff"],
}


def changed(topic: str, count: int, chance: random.Random) -> Iterator[list[Drawn]]:
    """Portions of valid messages that were changed at random."""
    for begun in range(0, count, PORTION):
        portion = range(min(PORTION, count - begun))
        yield [(chance.choice(KEYS[topic]), _changed(topic, chance)) for _ in portion]


def _changed(topic: str, chance: random.Random) -> bytes:
    """Half of the pages are in Avro."""
    if topic == "candles" and chance.random() < 0.5:
        return mutated_avro(chance, BODIES[topic][:2])
    return mutated(chance, BODIES[topic])


def by_hypothesis(topic: str, count: int, number: int) -> Iterator[list[Drawn]]:
    """The same from hypothesis, which looks for the odd ones."""
    drawn: list[Drawn] = []

    @seed(number)
    @settings(
        max_examples=max(1, count // 180),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(messages(BODIES[topic], KEYS[topic]))
    def draw(some: list[Drawn]) -> None:
        drawn.extend(some)

    draw()
    for begun in range(0, len(drawn), PORTION):
        yield drawn[begun : begun + PORTION]


def session() -> SparkSession:
    builder = SparkSession.builder.master("local[2]").appName("any bytes")
    options = spark_defaults() | {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2"}
    # The table formats are not needed.
    for name in ("spark.sql.extensions", "spark.sql.catalog.spark_catalog"):
        options.pop(name, None)
    options["spark.jars"] = ",".join(map(str, sorted((JVM / "spark").glob("*.jar"))))
    for name, value in options.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.any_bytes", description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    spark, console, began = session(), Console(), time.monotonic()
    shown = Table("topic", "messages", "accepted", "refused", "left open by the judge", "different reasons")
    reasons = Table("times", "reason")
    for topic in BODIES:
        chance, half = random.Random(f"{topic}{options.seed}"), options.messages // 2
        total: Account | None = None
        generated = by_hypothesis(topic, half // 10, options.seed)
        for portions in (generated, changed(topic, half - half // 10, chance)):
            for portion in portions:
                one = account(spark, topic, portion)
                total = total + one if total else one
        assert total is not None
        figures = (total.accepted + total.refused, total.accepted, total.refused, total.unsure, len(total.reasons))
        shown.add_row(topic, *(f"{figure:,}" for figure in figures))
        for reason, count in total.reasons.most_common():
            reasons.add_row(f"{count:,}", reason)
    console.print(reasons)
    console.print(shown)
    console.print(f"every message accounted for, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
