"""`make run` on a recording, from its start to Ctrl-C, and again: everything comes out, and nothing is left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from newswake.settings_sources import resolve
from producers.generator.month import make_month
from tests.conftest import LOCAL_PORTS, ROOT, free_ports
from tests.integration.pipeline import Pipeline
from tests.integration.processes import wait_until
from tests.worlds.oracle import Difference, difference, priced
from tests.worlds.recorded import comparable, recorded

pytestmark = pytest.mark.integration

PORTS = (
    *LOCAL_PORTS,
    "NEWSWAKE_LOCAL__SPARK_UI_PORT",
    "NEWSWAKE_SIMULATOR__PORT",
    "NEWSWAKE_DASHBOARD__PORT",
    "NEWSWAKE_MONITOR__PORT",
)
# Whether a post was hot already when it was joined depends on when the producers asked.
COMPARED = [*comparable(), pl.lit(None, pl.Boolean).alias("hot")]
ALL_OUT = "everything of it has come out"


class Run:
    """A run, as `make run` starts it, and what it prints."""

    def __init__(self, home: Path, recording: Path, log: Path) -> None:
        ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        self.environ = {
            **ports,
            "NEWSWAKE_HOME": str(home),
            "NEWSWAKE_CONF": os.environ["NEWSWAKE_CONF"],
            "NEWSWAKE_LOCAL__REPORT_SECONDS": "2",
            "NEWSWAKE_LOCAL__DRIVER_MEMORY": "1g",
        }
        self._log = log
        with log.open("wb") as output:
            self.process: subprocess.Popen[str] = subprocess.Popen(
                [sys.executable, "-m", "scripts.run", "--source", str(recording), "--speed", "20000"],
                cwd=ROOT,
                env={**os.environ, **self.environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )

    @property
    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def until_all_is_out(self) -> None:
        wait_until(lambda: ALL_OUT in self.said, self.process, seconds=400)

    def ctrl_c(self) -> float:
        """Seconds from Ctrl-C to the end."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 0, self.said[-2_000:]
        return time.monotonic() - began


def left_behind(home: Path) -> list[int]:
    """Processes that still work for a home."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"NEWSWAKE_HOME={home}\0".encode() in (entry / "environ").read_bytes() + b"\0":
                    found.append(int(entry.name))
            except OSError:  # it has just ended
                continue
    return found


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    for pid in left_behind(folder):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.long
@pytest.mark.timeout(1_200)  # two runs of everything, on a machine that may be busy
def test_a_recording_runs_to_its_end_and_again(home: Path, tmp_path: Path) -> None:
    month = tmp_path / "month"
    make_month(11, datetime(2025, 3, 3, tzinfo=UTC), days=2).write(month)

    first = Run(home, month, tmp_path / "first.log")
    first.until_all_is_out()
    before = rows_of(first)
    assert first.ctrl_c() < 15
    assert left_behind(home) == []

    wanted = expected_rows(month, home)
    assert wanted["price"].count() > 100
    for rows in before:
        assert difference(rows.with_columns(COMPARED), wanted.with_columns(COMPARED)) == Difference()
    assert re.search(r"no dead letters", first.said)

    second = Run(home, month, tmp_path / "second.log")
    second.until_all_is_out()
    for rows, earlier in zip(rows_of(second), before, strict=True):
        key = ["source", "post_id", "symbol", "horizon_minutes"]
        assert rows.sort(key).equals(earlier.sort(key))
    assert second.ctrl_c() < 15
    assert left_behind(home) == []

    older = tmp_path / "older"
    make_month(11, datetime(2025, 2, 1, tzinfo=UTC), days=1).write(older)
    refused = Run(home, older, tmp_path / "older.log")
    assert refused.process.wait(120) == 2
    sentences = [line for line in refused.said.splitlines() if line.startswith("newswake: ")]
    assert len(sentences) == 1, refused.said
    assert "older" in sentences[0]
    assert left_behind(home) == []


def rows_of(run: Run) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`post_prices` in Delta and in MongoDB, while the run goes on."""
    written = Pipeline(None, resolve(environ=run.environ).settings)
    try:
        return written.table("post_prices"), written.prices_in_mongo()
    finally:
        written.close()


def expected_rows(month: Path, home: Path) -> pl.DataFrame:
    """Every price; what has none is missing up to the watermark that the last batch had."""
    offsets = home / "checkpoints" / "post_prices" / "offsets"
    newest = max((file for file in offsets.iterdir() if file.name.isdigit()), key=lambda file: int(file.name))
    watermark_ms = json.loads(newest.read_text(encoding="utf-8").splitlines()[1])["batchWatermarkMs"]
    minutes, due = recorded(
        month / "candles.parquet", month / "posts.parquet", resolve(environ={}).settings.streaming.horizons_minutes
    )
    return priced(due, minutes, datetime.fromtimestamp(watermark_ms / 1000, UTC))
