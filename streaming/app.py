"""The streaming application: `spark-submit streaming/app.py [--queries a,b] [--once]`.

There is one recovery path. A query that fails ends the process with its reason as the last line; the supervisor starts
it again, and the checkpoints make the effect exactly-once.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

# spark-submit puts this file's folder on the path, not the project's.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from pymongo.database import Database
from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQuery

from newswake import followed
from newswake.errors import ServiceError
from newswake.kafka import ensure_topics
from newswake.mongo import ca_file, check_uri
from newswake.settings import Settings
from streaming import mongo_setup, state_rows, writer
from streaming.checkpoints import Fingerprint
from streaming.coin_views import CoinViews
from streaming.context import Context
from streaming.hadoop_sources import forget_sources
from streaming.housekeeping import Housekeeping
from streaming.leaving import leave, left_within
from streaming.locks import only_application
from streaming.lost import lost_messages, sentence
from streaming.program import run_program
from streaming.queries import candles, dead_letters, post_prices, posts
from streaming.reasons import named
from streaming.remembered_names import remember_names
from streaming.repair import repair
from streaming.repairs import Repairs
from streaming.reporting.reporting import Reporting, reporting
from streaming.schemas import TABLES
from streaming.sinks import delta
from streaming.sinks.steps import local_property, named_jobs
from streaming.stalled import Stalled
from streaming.trust import trust_also

log = logging.getLogger("streaming")


class Query(Protocol):
    """A module of streaming/queries."""

    NAME: str

    def start(self, context: Context) -> StreamingQuery: ...

    def fingerprint(self, context: Context) -> Fingerprint: ...


class Companion(Protocol):
    """What goes on beside the queries."""

    def look(self, now: float) -> None:
        """Do what is due at `now` (seconds of a monotonic clock)."""
        ...


QUERIES: Mapping[str, Query] = {module.NAME: module for module in (posts, candles, post_prices, dead_letters)}
POOL = "spark.scheduler.pool"
LOOK_SECONDS = 0.5
STOP_SECONDS = 5.0
LEAVE_SECONDS = 7.0  # scripts.submit waits for two more


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped (0), or until something fails (1; 2 when a person has to change something)."""
    options = _options(arguments)

    def work(settings: Settings) -> None:
        with only_application(settings):
            stop = threading.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
            with left_within(LEAVE_SECONDS, stop):
                spark = session(settings)
                try:
                    run(Context(spark, settings, once=options.once), options.queries, stop)
                finally:
                    spark.stop()

    return run_program("streaming", work)


def session(settings: Settings) -> SparkSession:
    """The Spark session; its configuration comes from conf/spark-defaults.conf through spark-submit."""
    builder = SparkSession.builder.config("spark.sql.shuffle.partitions", settings.streaming.shuffle_partitions)
    check_uri(settings.mongo)
    spark = builder.getOrCreate()
    remember_names(spark)
    forget_sources(spark)
    if authority := ca_file(settings.mongo):
        trust_also(spark, authority)
    return spark


def run(context: Context, queries: Sequence[str], stop: threading.Event) -> None:
    """Make what is missing, start the queries, repair, and wait for the end; tell of it all the while."""
    ensure_topics(context.settings.kafka)
    database = mongo_setup.connect(context.settings.mongo)
    try:
        coins = followed.coins_of(database) or context.settings.candles.coins
        mongo_setup.ensure(database, coins)
        with writer.held(database, context.settings) as may_write, reporting(context, database) as teller:
            context = replace(context, may_write=may_write)
            _work(context, database, CoinViews(database, coins), queries, stop, teller)
    finally:
        database.client.close()


def _work(
    context: Context,
    database: Database[dict[str, Any]],
    views: CoinViews,
    queries: Sequence[str],
    stop: threading.Event,
    teller: Reporting,
) -> None:
    with named_jobs(context.spark, "start: look at the tables"):
        _ensure_tables(context, queries)
    # All of them before the first one starts: a refusal must not stop others in the middle of a batch.
    for name in queries:
        context.checkpoint(name).check()
        context.checkpoint(name).verify(QUERIES[name].fingerprint(context))
    context = _behind_what_is_lost(context, queries)
    repairs = Repairs(context, database) if post_prices.NAME in queries and not context.once else None
    housekeeping = Housekeeping(context)
    try:
        with named_jobs(context.spark, "start: plan the queries"), state_rows.told(context):
            started = [_started(context, name) for name in queries]
        teller.running()
        log.info("running %s; Spark UI %s", ", ".join(queries), context.spark.sparkContext.uiWebUrl)
        if context.once:
            _finish(context, started, stop, repairs=post_prices.NAME in queries)
            if not stop.is_set() and housekeeping.is_due(datetime.now(UTC)):
                housekeeping.vacuum()
        else:
            stalled = Stalled(
                context.spark.sparkContext, lambda: any(query.status["isTriggerActive"] for query in started)
            )
            _watch(started, [views, housekeeping, stalled, *([repairs] if repairs else [])], stop)
    finally:
        context.head_start.given_up()
        _stop(context.spark.streams.active, repairs)
        housekeeping.finish()


def _started(context: Context, name: str) -> StreamingQuery:
    """The query, its jobs in a pool of that name: within one pool Spark serves jobs in the order in which they came."""
    with local_property(context.spark, POOL, name):
        return QUERIES[name].start(context)


def _behind_what_is_lost(context: Context, queries: Sequence[str]) -> Context:
    """The context of queries that go on behind messages that are gone, where some are and the settings allow it.

    Raises `ServiceError` naming them when the settings do not.
    """
    kafka = context.settings.kafka
    losses = {name: lost_messages(kafka, context.checkpoint(name).committed_offsets()) for name in queries}
    if not any(losses.values()):
        return context
    gone = f"Messages are gone from the topics that these queries have not read: {sentence(losses)}"
    if not context.settings.streaming.go_on_after_loss:
        raise ServiceError(
            f"{gone}. Retention deleted them (setting kafka.retention_hours); to go on with what the topics still "
            "hold, start once with NEWSWAKE_STREAMING__GO_ON_AFTER_LOSS=true"
        )
    log.warning("%s. The queries go on behind them, because the setting streaming.go_on_after_loss says so", gone)
    return replace(context, loss_accepted=True)


def _finish(context: Context, started: list[StreamingQuery], stop: threading.Event, *, repairs: bool) -> None:
    """Wait until what is there has been processed, or until `stop`; then repair once. A failed query is raised."""
    for query in started:
        with named(query):
            while not query.awaitTermination(timeout=1):
                if stop.is_set():
                    return
    if repairs:
        repair(context)


def _ensure_tables(context: Context, queries: Sequence[str]) -> None:
    """Make the tables that are missing.

    Raises `ServiceError` for a table of another version, and for a checkpoint whose table is gone: its rows would be
    skipped as written.
    """
    # The repair reads the tables of both.
    needed = {*queries, posts.NAME, candles.NAME} if post_prices.NAME in queries else {*queries}
    for name, schema in TABLES.items():
        path = context.table(name)
        checkpoint = context.checkpoint(name)
        if not delta.is_table(context.spark, path) and checkpoint.has_begun():
            if name not in needed:
                continue  # not made anew either: its own query must find that it is gone
            raise ServiceError(
                f"The table {path} is gone, but the checkpoint {checkpoint.path} says that its rows were written: "
                f"restore the table, or `make rebuild QUERY={name}`, which writes again what the topics still hold"
            )
        delta.ensure_table(context.spark, path, schema, context.settings.lake)


def _watch(started: Sequence[StreamingQuery], companions: Sequence[Companion], stop: threading.Event) -> None:
    """Until `stop`: a failed query is raised, a failed repair too."""
    while not stop.wait(LOOK_SECONDS):
        for query in started:
            if not query.isActive:
                with named(query):
                    query.awaitTermination()
                raise ServiceError(f"The query {query.name} has ended by itself")
        for companion in companions:
            companion.look(time.monotonic())


def _stop(started: Sequence[StreamingQuery], repairs: Repairs | None) -> None:
    """Let the batches and the repair that are under way end, for a while; what is cut off is done by the next start."""
    deadline = time.monotonic() + STOP_SECONDS
    with ThreadPoolExecutor(max_workers=max(1, len(started))) as stopping:
        for stopped in [stopping.submit(_stop_after_its_batch, query, deadline) for query in started]:
            stopped.result()
    if repairs is not None:
        repairs.finish(max(0.0, deadline - time.monotonic()))


def _stop_after_its_batch(query: StreamingQuery, deadline: float) -> None:
    """Stop the query when the batch that it is at has been committed: with a backlog the next one begins at once."""
    pause, at_first = threading.Event(), _batch_reported(query)
    while query.isActive and query.status["isTriggerActive"] and _batch_reported(query) == at_first:
        if time.monotonic() >= deadline:
            break
        pause.wait(0.05)
    query.stop()


def _batch_reported(query: StreamingQuery) -> int | None:
    progress = query.lastProgress
    return progress.batchId if progress else None


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="streaming/app.py", description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=_query_names, default=list(QUERIES), help="names between commas")
    parser.add_argument("--once", action="store_true", help="process what is there and exit")
    return parser.parse_args(arguments)


def _query_names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in QUERIES]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"no such query: {', '.join(unknown)}; there are {', '.join(QUERIES)}")
    return names


if __name__ == "__main__":
    leave(main())
