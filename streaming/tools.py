"""Work by hand on the tables: `spark-submit streaming/tools.py repair|late|why|rebuild`; `make` starts each of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

# spark-submit puts this file's folder on the path, not the project's.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from pyspark.sql import SparkSession

from newswake.settings import Settings
from streaming import late, mongo_setup
from streaming.app import QUERIES, run, session
from streaming.by_hand import repair_by_hand
from streaming.context import Context
from streaming.leaving import leave
from streaming.program import run_program
from streaming.rebuild import rebuild
from streaming.repair import Period
from streaming.why.answer import answer


def main(arguments: Sequence[str] | None = None, start: Callable[..., SparkSession] = session) -> int:
    """Do one piece of work and end: 0, or as streaming/sentences.py says."""
    options = _options(arguments)

    def work(settings: Settings) -> None:
        spark = start(settings)
        try:
            print(_do(Context(spark, settings, once=True), options), flush=True)
        finally:
            spark.stop()

    return run_program(options.work, work)


def _do(context: Context, options: argparse.Namespace) -> str:
    """The work; returns what there is to say of it."""
    if options.work == "rebuild":
        return rebuild(context, options.query, run)
    if options.work == "repair":
        return repair_by_hand(context, Period(options.start, options.end))
    if options.work == "why":
        return answer(context, options.post, options.coin)
    database = mongo_setup.connect(context.settings.mongo)
    try:
        found = late.look(context, database, Period(options.start, options.end))
    finally:
        database.client.close()
    return json.dumps(found.as_json(), indent=2) if options.json else found.as_text()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="streaming/tools.py", description=__doc__.splitlines()[0])
    works = parser.add_subparsers(dest="work", required=True)
    repair = works.add_parser("repair", help="price what the stream could not, over a period of target times")
    late_report = works.add_parser("late", help="what is due and not in post_prices, by coin and hour")
    for work in (repair, late_report):
        work.add_argument("--from", dest="start", type=_time, help="first target time (UTC), as 2026-03-01T12:00")
        work.add_argument("--until", dest="end", type=_time, help="target times before this one (UTC)")
    late_report.add_argument("--json", action="store_true", help="everything, for programs")
    fate = works.add_parser("why", help="what became of a post")
    fate.add_argument("--post", required=True, help="its id, or source:id")
    fate.add_argument("--coin", required=True, help="one of its coins")
    again = works.add_parser("rebuild", help="a new checkpoint for a query, with the same rows")
    again.add_argument("query", choices=list(QUERIES))
    options = parser.parse_args(arguments)
    if options.work in ("repair", "late") and options.start and options.end and options.start >= options.end:
        parser.error("the period is empty: UNTIL is not after FROM")
    return options


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-03-01 or 2026-03-01T12:00") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


if __name__ == "__main__":
    # The connector's connections are kept for minutes, and the JVM would wait for them.
    leave(main())
