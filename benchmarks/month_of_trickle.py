"""Does it stay flat? Days of live trickle at speed: `python -m benchmarks.month_of_trickle --days 30 --rounds 4`.

A broker, a mongod and the four queries run as in life; each day comes in `--rounds` portions of minute candles of three
coins, of new, re-seen and late posts, and a heartbeat, and each portion is one batch of every query, as one trigger is.
A day in life has some thousand batches, so what is counted or kept by time is scaled: a table is compacted and its log
summed up after five days of batches, files that this replaced are deleted every second day once they are about two days
old, and the tables' logs are made older by a day with every day that passes. The repair looks at everything after each
day.

The table that it prints tells, by day, how long a batch takes (median and longest over the day, all four queries), and
what is on the disk. Flat means: the last days are like those after the first deletion.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pyspark.sql import SparkSession

from newswake.kafka import ensure_topics
from newswake.settings import Settings
from newswake.settings_sources import resolve
from scripts.places import JVM
from scripts.services import start, stop
from streaming import mongo_setup
from streaming.app import QUERIES
from streaming.context import Context
from streaming.housekeeping import Housekeeping
from streaming.repair import repair
from streaming.schemas import TABLES
from streaming.sinks import delta
from tests.conftest import LOCAL_PORTS, free_ports, spark_defaults
from tests.worlds.messages import publish
from tests.worlds.world import HOUR, Beat, Observed, World, at, page

COINS = ("BTC", "ETH", "XRP")
POSTS_A_DAY = 24
VACUUM_EVERY = 2
SECONDS_A_DAY = 10


@dataclass(frozen=True)
class Sizes:
    """What is on the disk: files and bytes of the tables, of their logs, of the checkpoints; MongoDB's own figures."""

    lake_files: int
    lake_bytes: int
    log_files: int
    log_bytes: int
    checkpoint_files: int
    checkpoint_bytes: int
    mongo_bytes: int


def sizes(settings: Settings) -> Sizes:
    lake = [file for file in Path(settings.lake_path).rglob("*") if file.is_file()]
    logs = [file for file in lake if "_delta_log" in file.parts]
    data = [file for file in lake if "_delta_log" not in file.parts]
    checkpoints = [file for file in Path(settings.checkpoints_path).rglob("*") if file.is_file()]
    with MongoClient[dict[str, Any]](settings.mongo.uri.get_secret_value()) as client:
        stats = client[settings.mongo.database].command("dbStats")
    return Sizes(
        *(len(data), _bytes(data), len(logs), _bytes(logs), len(checkpoints), _bytes(checkpoints)),
        int(stats["dataSize"] + stats["indexSize"]),
    )


def _bytes(files: list[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def portions(chance: random.Random, day: int, rounds: int) -> Iterator[World]:
    """One day in equal portions: what arrives in each. A third of the posts is seen twice, one is half a day late."""
    span = timedelta(days=1) / rounds
    for part in range(rounds):
        begin = at(24 * day) + part * span
        pages = [page(coin, begin + k * HOUR) for k in range(span // HOUR) for coin in COINS]
        posts = []
        for number in range(POSTS_A_DAY // rounds):
            published = begin + chance.random() * 0.5 * span
            post = Observed(
                _whole(published + chance.random() * 0.4 * span), f"{day}-{part}-{number}", _whole(published)
            )
            post = replace(post, currencies=(chance.choice(COINS),))
            posts.append(post)
            if chance.random() < 1 / 3:
                posts.append(replace(post, at=_whole(post.at + 0.05 * span), hot=True))
        posts.append(Observed(_whole(begin + 0.5 * span), f"{day}-{part}-late", _whole(begin - 12 * HOUR), ("BTC",)))
        yield World((*sorted(posts, key=lambda post: post.at), Beat(begin + span)), tuple(pages))


def _whole(time: datetime) -> datetime:
    return time.replace(microsecond=0)


def older_by_a_day(lake: Path) -> None:
    """As if a day had passed for the tables' logs, which Delta prunes by the age of their files."""
    for file in lake.glob("*/_delta_log/*"):
        status = file.stat()
        os.utime(file, (status.st_atime, status.st_mtime - 86_400))


def run(spark: SparkSession, settings: Settings, days: int, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    database = mongo_setup.connect(settings.mongo)
    mongo_setup.ensure(database, settings.candles.coins)
    context = Context(spark, settings)
    for name, schema in TABLES.items():
        delta.ensure_table(spark, context.table(name), schema, settings.lake)
        interval = f"'delta.checkpointInterval' = '{5 * rounds}'"
        spark.sql(f"ALTER TABLE delta.`{context.table(name)}` SET TBLPROPERTIES ({interval})")
    ensure_topics(settings.kafka)
    for name, query in QUERIES.items():
        context.checkpoint(name).verify(query.fingerprint(context))
    started = [query.start(context) for query in QUERIES.values()]
    housekeeping = Housekeeping(context)
    print(
        f"{'day':>4}{'batch s':>9}{'longest':>9}{'repair s':>10}{'vacuum s':>10}{'lake':>13}{'its logs':>15}"
        f"{'checkpoints':>15}{'MongoDB':>9}   (files / MB)",
        flush=True,
    )
    for day in range(days):
        took = []
        for world in portions(chance, day, rounds):
            publish(settings, world)
            began = time.monotonic()
            for running in started:
                running.processAllAvailable()
            took.append(time.monotonic() - began)
        began = time.monotonic()
        repair(context)
        repaired = time.monotonic() - began
        vacuumed = 0.0
        if day % VACUUM_EVERY == VACUUM_EVERY - 1:
            began = time.monotonic()
            housekeeping.vacuum()
            vacuumed = time.monotonic() - began
        older_by_a_day(Path(settings.lake_path))
        print(_line(day + 1, took, repaired, vacuumed, sizes(settings)), flush=True)
    for running in started:
        running.stop()
    housekeeping.finish()


def _line(day: int, took: list[float], repaired: float, vacuumed: float, size: Sizes) -> str:
    def both(files: int, count: int) -> str:
        return f"{files} / {count / 1e6:.2f}"

    return (
        f"{day:>4}{statistics.median(took):>9.2f}{max(took):>9.2f}{repaired:>10.2f}{vacuumed:>10.2f}"
        f"{both(size.lake_files, size.lake_bytes):>13}{both(size.log_files, size.log_bytes):>15}"
        f"{both(size.checkpoint_files, size.checkpoint_bytes):>15}{size.mongo_bytes / 1e6:>9.2f}"
    )


def session(jars: Path) -> SparkSession:
    """As conf/spark-defaults.conf has it, with two threads."""
    builder = SparkSession.builder.master("local[2]").appName("month_of_trickle")
    changed = {
        "spark.jars": ",".join(map(str, sorted(jars.glob("*.jar")))),
        "spark.driver.memory": "2g",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
    }
    for name, value in {**spark_defaults(), **changed}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.month_of_trickle", description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=4, help="portions a day; a divisor of 24")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="newswake-month-"))
    ports = dict(zip(LOCAL_PORTS, map(str, free_ports(len(LOCAL_PORTS))), strict=True))
    environ = {**os.environ, "NEWSWAKE_HOME": str(home), **ports}
    try:
        start(environ, say=lambda line: None, tethered=True)
        settings = resolve(environ=environ).settings
        # Scaled, as the head of this file says; a day takes some seconds here, and old is what is older than two.
        streaming = settings.streaming.model_copy(
            update={"compact_every_batches": 5 * options.rounds, "trigger_seconds": 0.2}
        )
        lake = settings.lake.model_copy(update={"keep_hours": 2 * SECONDS_A_DAY / 3_600})
        run(
            session(JVM / "spark"),
            settings.model_copy(update={"streaming": streaming, "lake": lake}),
            *(options.days, options.rounds, options.seed),
        )
    finally:
        stop(home)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
