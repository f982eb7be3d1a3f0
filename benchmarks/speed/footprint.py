"""How small: the whole of `make run` on a simulated market at the speed of life.

Cores on average and resident memory of everything that it starts, by program; from the start to the first row; and
from a kill of the application to the batch that has caught up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from benchmarks.speed.application import reports
from benchmarks.speed.stand import Stand
from benchmarks.speed.usage import sample, tree
from scripts.places import CONF, ROOT

START_SECONDS = 600.0


@dataclass(frozen=True)
class Footprint:
    """`cores` and `resident_bytes` by program, averages over the time that was looked at."""

    first_row_seconds: float
    caught_up_seconds: float
    cores: dict[str, float]
    resident_bytes: dict[str, float]


def coins(count: int) -> list[str]:
    """The first coins that the project knows. Raises `ValueError` for more than there are."""
    known = [coin["symbol"] for coin in tomllib.loads((CONF / "coins.toml").read_text(encoding="utf-8"))["coins"]]
    if count > len(known):
        raise ValueError(f"{count} coins were asked for; {len(known)} are known")
    return known[:count]


def measure(stand: Stand, minutes: float, say: Callable[[str], None]) -> Footprint:
    """Run the stack on the addresses of the stand's settings, none of which may be in use."""
    began = time.monotonic()
    command = [sys.executable, "-m", "scripts.run", "--source", "simulated", "--speed", "1"]
    with (stand.home / "run.log").open("w") as log:
        stack = subprocess.Popen(command, env=dict(stand.environ), cwd=ROOT, stdout=log, stderr=log)
    try:
        _wait(lambda: _count(stand) > 0, stack, "no row came")
        first_row = time.monotonic() - began
        say(f"first row after {first_row:.0f} s")
        cores, resident = _watch(stack.pid, minutes * 60)
        killed, killed_at = time.monotonic(), time.time()
        os.kill(int((stand.home / "run" / "streaming.pid").read_text()), signal.SIGKILL)
        _wait(lambda: _caught_up_since(stand, killed_at), stack, "the application did not come back")
        return Footprint(first_row, time.monotonic() - killed, cores, resident)
    finally:
        stack.send_signal(signal.SIGINT)
        stack.wait(60)


def _watch(root: int, seconds: float) -> tuple[dict[str, float], dict[str, float]]:
    """Cores by program over the next seconds, and the average of ten looks at the resident bytes."""
    before, looks = sample(tree(root)), []
    began = time.monotonic()
    for _ in range(10):
        threading.Event().wait(seconds / 10)
        looks.append(sample(tree(root)))
    took = time.monotonic() - began
    cores: dict[str, float] = {}
    resident: dict[str, float] = {}
    for pid, last in looks[-1].items():
        name = program(pid)
        used = last.cpu_seconds - (before[pid].cpu_seconds if pid in before else 0.0)
        cores[name] = cores.get(name, 0.0) + used / took
        sizes = [look[pid].resident_bytes for look in looks if pid in look]
        resident[name] = resident.get(name, 0.0) + sum(sizes) / len(looks)
    return cores, resident


def program(pid: int) -> str:
    """What a process of the stack is, in a word."""
    try:
        line = (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "ended"
    known = {
        "kafka.Kafka": "Kafka",
        "mongod --": "mongod",
        "org.apache.spark": "Spark",
        "producers simulate": "simulator",
        "producers candles": "candle producer",
        "producers posts": "post producer",
        "streaming/app.py": "Spark's driver in Python",
        "-m dashboard": "page",
    }
    return next((name for part, name in known.items() if part in line), "supervision")


def _count(stand: Stand) -> int:
    mongo = stand.settings.mongo
    with MongoClient[dict[str, Any]](mongo.uri.get_secret_value(), serverSelectionTimeoutMS=500) as client:
        return client[mongo.database]["post_prices"].estimated_document_count()


def _caught_up_since(stand: Stand, moment: float) -> bool:
    """Whether a batch that began after `moment` (seconds since the epoch) has read its topics to their ends."""
    found = [one for one in reports(stand, "post_prices") if one["timestamp"].timestamp() > moment]
    return any(
        all(one["endOffset"] == one.get("latestOffset") for one in report["sources"] if "Kafka" in one["description"])
        for report in found
    )


def _wait(condition: Callable[[], bool], stack: subprocess.Popen[bytes], complaint: str) -> None:
    deadline, database = time.monotonic() + START_SECONDS, "answers"
    while True:
        if stack.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{complaint} (MongoDB: {database})")
        try:
            if condition():
                return
        except PyMongoError as error:  # not up yet
            database = type(error).__name__
        threading.Event().wait(0.5)
