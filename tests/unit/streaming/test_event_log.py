"""The event log within bounds: what is left is what Spark's history server reads, without a gap."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pytest

from streaming.event_log import ESSENTIAL, bound, folder_of, forget_old

APPLICATION = "local-17"
START = ("SparkListenerLogStart", "SparkListenerEnvironmentUpdate", "SparkListenerApplicationStart")
STARTED = "org.apache.spark.sql.streaming.StreamingQueryListener$QueryStartedEvent"


def events_of(path: Path) -> list[str]:
    text = path.read_bytes()
    if ".zstd" in path.name:
        with pa.CompressedInputStream(pa.BufferReader(text), "zstd") as stream:
            text = stream.read()
    return [json.loads(line)["Event"] for line in text.decode().splitlines()]


def write(folder: Path, number: int, *events: str) -> None:
    folder.mkdir(exist_ok=True)
    text = "".join(json.dumps({"Event": event, "of": number}) + "\n" for event in events)
    with pa.CompressedOutputStream(str(folder / f"events_{number}_{APPLICATION}.zstd"), "zstd") as stream:
        stream.write(text.encode())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = folder_of(tmp_path, APPLICATION)
    write(folder, 1, *START, "SparkListenerJobStart")
    write(folder, 2, "SparkListenerJobEnd", STARTED)
    for number in range(3, 8):
        write(folder, number, "SparkListenerJobStart")
    (folder / f"appstatus_{APPLICATION}.inprogress").touch()
    return folder


def test_the_oldest_files_become_what_makes_the_application_readable(log: Path) -> None:
    assert bound(log, kept=3) == 4
    assert names(log) == [
        f"appstatus_{APPLICATION}.inprogress",
        f"events_4_{APPLICATION}.compact",
        *(f"events_{number}_{APPLICATION}.zstd" for number in (5, 6, 7)),
    ]
    assert events_of(log / f"events_4_{APPLICATION}.compact") == [*START, STARTED]
    assert events_of(log / f"events_5_{APPLICATION}.zstd") == ["SparkListenerJobStart"]


def test_again_the_compacted_file_moves_on_and_keeps_what_it_had(log: Path) -> None:
    bound(log, kept=3)
    write(log, 8, STARTED)
    write(log, 9, "SparkListenerJobStart")
    assert bound(log, kept=3) == 3
    assert [name for name in names(log) if "compact" in name] == [f"events_6_{APPLICATION}.compact"]
    assert events_of(log / f"events_6_{APPLICATION}.compact") == [*START, STARTED]


def test_a_short_log_stays_as_it_is(log: Path) -> None:
    before = names(log)
    assert bound(log, kept=7) == 0
    assert names(log) == before


def test_logs_of_former_applications_are_deleted_the_oldest_first(tmp_path: Path) -> None:
    for age, application in enumerate(("own", "new", "middle", "old")):
        folder = folder_of(tmp_path, application)
        folder.mkdir()
        (folder / f"events_1_{application}").write_bytes(b"x" * 100)
        os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    forget_old(tmp_path, "own", kept_bytes=250)
    assert names(tmp_path) == [f"eventlog_v2_{name}" for name in ("middle", "new", "own")]


def test_the_essential_events_are_named_as_spark_names_them() -> None:
    assert "SparkListenerApplicationStart" in ESSENTIAL
    assert STARTED in ESSENTIAL
