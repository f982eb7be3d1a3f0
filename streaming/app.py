"""The streaming application: `spark-submit streaming/app.py [--queries a,b] [--once]`.

There is one recovery path. A query that fails ends the process with its reason as the last line; the supervisor starts
it again, and the checkpoints make the effect exactly-once.
"""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

# spark-submit puts this file's folder on the path, not the project's.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from py4j.protocol import Py4JError
from pymongo.errors import PyMongoError
from pyspark.errors import PySparkException, StreamingQueryException
from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQuery

from newswake import logs
from newswake.errors import NewswakeError, ServiceError
from newswake.kafka import ensure_topics
from newswake.settings import Settings, load
from streaming import mongo_setup
from streaming.context import Context
from streaming.progress import ProgressListener, deliver_reports
from streaming.queries import candles, dead_letters, post_prices, posts
from streaming.repair import Repaired, repair
from streaming.schemas import TABLES
from streaming.sinks import delta

log = logging.getLogger("streaming")

QUERIES: Mapping[str, Callable[[Context], StreamingQuery]] = {
    module.NAME: module.start for module in (posts, candles, post_prices, dead_letters)
}
# The first repair comes at once, the next ones at growing distances: on a first start, what the feeds already hold is
# late for the stream, and people want to see it soon.
FIRST_REPAIRS_SECONDS = (20.0, 40.0, 60.0, 120.0, 300.0)
WHOLE_REPAIR_EVERY = 12
STOP_SECONDS = 3.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped (0), or until something fails (1; 2 when a person has to change something)."""
    options = _options(arguments)
    mask: Callable[[str], str] = str
    try:
        settings = load()
        mask = logs.MaskSecrets(logs.secrets_of(settings)).mask
        logs.configure(settings, "streaming")
        with _only_one(settings):
            stop = threading.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
            spark = session(settings)
            try:
                run(Context(spark, settings, once=options.once), options.queries, stop)
            finally:
                spark.stop()
    except NewswakeError as error:
        print(f"newswake: {mask(str(error))}", file=sys.stderr, flush=True)
        return 2
    except StreamingQueryException as error:
        print(f"newswake: a query failed: {mask(_reason(error))}", file=sys.stderr, flush=True)
        return 1
    except (PySparkException, Py4JError, PyMongoError) as error:
        print(f"newswake: {type(error).__name__}: {mask(_reason(error))}", file=sys.stderr, flush=True)
        return 1
    return 0


def session(settings: Settings) -> SparkSession:
    """The Spark session; its configuration comes from conf/spark-defaults.conf through spark-submit."""
    builder = SparkSession.builder.config("spark.sql.shuffle.partitions", settings.streaming.shuffle_partitions)
    return builder.getOrCreate()


def run(context: Context, queries: Sequence[str], stop: threading.Event) -> None:
    """Make what is missing, start the queries, repair, and wait for the end."""
    ensure_topics(context.settings.kafka)
    database = mongo_setup.connect(context.settings.mongo)
    mongo_setup.ensure(database, context.settings.candles.coins)
    _ensure_tables(context)
    listener = ProgressListener(database)
    context.spark.streams.addListener(listener)
    try:
        started = [QUERIES[name](context) for name in queries]
        log.info("running %s; Spark UI %s", ", ".join(queries), context.spark.sparkContext.uiWebUrl)
        if context.once:
            _finish(context, started, stop, repairs=post_prices.NAME in queries)
        else:
            _watch(context, started, stop, repairs=post_prices.NAME in queries)
    finally:
        _stop(list(context.spark.streams.active))
        deliver_reports(context.spark)
        context.spark.streams.removeListener(listener)
        database.client.close()


def _finish(context: Context, started: list[StreamingQuery], stop: threading.Event, *, repairs: bool) -> None:
    """Wait until what is there has been processed, or until `stop`; then repair once. A failed query is raised."""
    for query in started:
        while not query.awaitTermination(timeout=1):
            if stop.is_set():
                return
    if repairs:
        repair(context)


def _ensure_tables(context: Context) -> None:
    """Raises `ServiceError` for a checkpoint whose table is gone: its rows would be skipped as written."""
    for name, schema in TABLES.items():
        path = context.table(name)
        checkpoint = context.checkpoint(name)
        if not delta.is_table(context.spark, path) and checkpoint.has_begun():
            raise ServiceError(
                f"The table {path} is gone, but the checkpoint {checkpoint.path} says that its rows were written: "
                "restore the table, or move the checkpoint away as well to write them again"
            )
        delta.ensure_table(context.spark, path, schema)


def _watch(context: Context, started: list[StreamingQuery], stop: threading.Event, *, repairs: bool) -> None:
    """Until `stop`: a failed query is raised, a failed repair too; the repair runs beside, when it is due.

    A repair that `stop` finds at work is left: its session ends under it, and the next start does it again.
    """
    pauses = iter(FIRST_REPAIRS_SECONDS)
    longest = context.settings.streaming.repair_seconds
    due_in, passes, seen = 0.0, 0, None
    running: Future[Repaired] | None = None
    step = 0.5
    worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="repair")
    while not stop.wait(step):
        for query in started:
            if not query.isActive:
                query.awaitTermination()
                raise ServiceError(f"The query {query.name} has ended by itself")
        if running is not None:
            if running.done():
                seen = running.result().seen or seen
                running, due_in = None, min(next(pauses, longest), longest)
            continue
        due_in -= step
        if repairs and due_in <= 0:
            passes += 1
            # Now and then everything is looked at: what a sender said of its time may have been wrong.
            running = worker.submit(repair, context, seen if passes % WHOLE_REPAIR_EVERY else None)


def _stop(started: list[StreamingQuery]) -> None:
    """Let the batches that are under way end, for a while; a batch that is cut off is replayed by the next start."""
    patience = threading.Event()
    for _ in range(int(STOP_SECONDS / 0.1)):
        if not any(query.isActive and query.status["isTriggerActive"] for query in started):
            break
        patience.wait(0.1)
    with ThreadPoolExecutor(max_workers=max(1, len(started))) as stopping:
        for stopped in [stopping.submit(query.stop) for query in started]:
            stopped.result()


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


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Hold the home, and tell the launcher our pid: it must signal this process, not the JVM around it.

    Raises `ServiceError` when another application holds it: two would write to the same checkpoints.
    """
    folder = settings.home / "run"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "streaming.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServiceError(
                f"Another streaming application runs in {settings.home}: stop it first, or set another NEWSWAKE_HOME"
            ) from None
        (folder / "streaming.pid").write_text(str(os.getpid()), encoding="utf-8")
        yield


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else "no reason given"


if __name__ == "__main__":
    sys.exit(main())
