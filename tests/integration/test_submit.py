"""The application as it is really started: spark-submit, killed in the middle, started again, told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest

from newswake.settings_sources import resolve
from scripts.submit import ancestors
from tests.conftest import ROOT, Fresh, free_ports
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.messages import publish
from tests.worlds.oracle import Difference, difference, expected, final_watermark
from tests.worlds.world import Observed, World, at

pytestmark = pytest.mark.integration

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
PLANTED = {
    "NEWSWAKE_CRYPTOPANIC__KEY": "planted-cryptopanic-key",
    "NEWSWAKE_KAFKA__SASL_PASSWORD": "planted-sasl-password",
}
Submit = Callable[..., "Application"]


class Application:
    """A started application and what it says."""

    def __init__(self, environ: Mapping[str, str], log: Path, program: str, arguments: list[str]) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "scripts.submit", "--master", "local[2]", "--program", program),
                    "--",
                    *arguments,
                ],
                cwd=ROOT,
                env={**os.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def until(self, condition: Callable[[], bool], seconds: float = 300) -> None:
        """Wait for the condition; fails when the application ends before, or the time is over."""
        pause, deadline = threading.Event(), time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.said[-3000:]}"
            assert time.monotonic() < deadline, f"not within {seconds} s: {self.said[-3000:]}"
            pause.wait(0.2)

    def ends(self, seconds: float = 300) -> int:
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Kill the launcher, the JVM and the driver at once, as a machine that loses its power does."""
        running = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        everyone = [pid for pid in running if self._is_ours(pid)]
        for pid in everyone:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(30)

    def _is_ours(self, pid: int) -> bool:
        return pid == self.process.pid or self.process.pid in ancestors(pid)


@pytest.fixture
def submit(fresh: Fresh, tmp_path: Path) -> Iterator[Submit]:
    """Start the application on the names of this test; what still runs at the end is killed."""
    started: list[Application] = []

    def start(*arguments: str, program: str = "app", **changed: str) -> Application:
        environ = {
            **fresh.environ,
            **PLANTED,
            "NEWSWAKE_LOCAL__SPARK_UI_PORT": str(free_ports(1)[0]),
            "NEWSWAKE_MONITOR__PORT": str(free_ports(1)[0]),
            "NEWSWAKE_LOCAL__DRIVER_MEMORY": "1g",
            "NEWSWAKE_STREAMING__LATENESS_MINUTES": str(LATENESS_MINUTES),
            "NEWSWAKE_STREAMING__TRIGGER_SECONDS": "0",
            **changed,
        }
        resolve(environ=environ)
        started.append(Application(environ, tmp_path / f"{len(started)}.log", program, list(arguments)))
        return started[-1]

    yield start
    for application in started:
        if application.process.poll() is None:
            application.kill()


@pytest.fixture
def written(fresh: Fresh) -> Iterator[Pipeline]:
    """What the application wrote; nothing is run in this process."""
    pipeline = Pipeline(None, fresh.settings)
    yield pipeline
    pipeline.close()


@pytest.mark.timeout(1_200)  # four starts of a JVM, on a machine that may be busy
def test_killed_in_the_middle_started_again_and_told_to_stop(submit: Submit, written: Pipeline, fresh: Fresh) -> None:
    world = live_world(seed=41, hours=60, posts=40, quiet=(20, 32))
    wanted = expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))
    collection = written.database["post_prices"]
    publish(fresh.settings, world)

    first = submit(NEWSWAKE_STREAMING__MAX_OFFSETS_PER_TRIGGER=str(len(world.candles) // 15))
    first.until(lambda: collection.count_documents({}) > wanted.height // 5)
    first.kill()
    assert collection.count_documents({}) < wanted.height, "it was over before it was killed"

    second = submit()
    second.until(lambda: collection.count_documents({}) == wanted.height)
    # A post that nobody saw for twelve hours: the repair that the application itself runs.
    late = Observed(at(25), "late", at(13), ("BTC",))
    publish(fresh.settings, World((late,), ()))
    owed = expected(World((late,), world.candles), HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))
    assert owed["price"].count() > 3
    priced = {"post_id": "late", "price": {"$ne": None}, "repaired_at": {"$ne": None}}
    # Repairs by hand at the same time, one of which is killed at some moment.
    by_hand = [submit("repair", "--from", f"{at(12):%Y-%m-%dT%H:%M}", program="tools") for _ in range(2)]
    second.until(lambda: collection.count_documents(priced) == owed["price"].count())
    by_hand[0].kill()
    assert by_hand[1].ends() == 0, by_hand[1].said[-3000:]
    assert "repaired: " in by_hand[1].said

    began = time.monotonic()
    second.process.terminate()
    assert second.ends(30) == 0
    assert time.monotonic() - began < 15

    for rows in (written.table("post_prices"), written.prices_in_mongo()):
        assert difference(rows, pl.concat([wanted, owed])) == Difference()
    assert_nothing_secret(first.said + second.said, fresh)

    # Starts that are refused: each says one sentence and ends with 2.
    address = fresh.settings.mongo.uri.get_secret_value()
    wrong = address.replace(password_of(fresh), "a-wrong-password")
    for setting, value, cause in (
        ("NEWSWAKE_STREAMING__HORIZONS_MINUTES", "0,30", "horizons_minutes is [0, 30], was [0, 1, 5"),
        ("NEWSWAKE_MONGO__URI", wrong, "mongo.uri"),
    ):
        application = submit("--once", **{setting: value})
        assert application.ends() == 2
        sentences = [line for line in application.said.splitlines() if line.startswith("newswake: ")]
        assert len(sentences) == 1
        assert cause in sentences[0]
        assert "Traceback" not in application.said
        assert_nothing_secret(application.said, fresh)
        assert "a-wrong-password" not in application.said


def password_of(fresh: Fresh) -> str:
    credentials = fresh.settings.mongo.uri.get_secret_value().partition("://")[2].partition("@")[0]
    return credentials.partition(":")[2]


def assert_nothing_secret(said: str, fresh: Fresh) -> None:
    """Neither in what it says nor in any file of its home."""
    for secret in (*PLANTED.values(), password_of(fresh)):
        assert secret
        assert secret not in said
        for file in fresh.home.rglob("*"):
            assert not file.is_file() or secret.encode() not in file.read_bytes(), file
