"""The event log that Spark's history server reads (`make history`), kept within bounds while the application runs.

Spark rolls the log into files and deletes none: only a running history server puts old ones together, and it keeps
every report of a query. So the oldest files are replaced here by what the history server calls a compacted file: the
events without which it cannot show an application at all. Local files only: scripts/submit has the log written there.
"""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

ROLLED = re.compile(r"events_(?P<number>\d+)_(?P<application>[^.]+)(?P<codec>\.zstd)?(?P<compact>\.compact)?")
# Of spark.eventLog.rolling.maxFileSize each, which counts before compression: a day of live data, some 400 MB.
KEPT_FILES = 16
KEPT_BYTES = 512 * 1024 * 1024  # of former applications
# Who the application is, where it runs and which queries it has; all that follows is about single jobs and batches.
ESSENTIAL = frozenset(
    f"{prefix}{name}"
    for prefix, names in {
        "SparkListener": (
            "LogStart", "ResourceProfileAdded", "BlockManagerAdded", "EnvironmentUpdate", "ApplicationStart",
            "ExecutorAdded",
        ),
        "org.apache.spark.sql.streaming.StreamingQueryListener$": ("QueryStartedEvent",),
    }.items()
    for name in names
)  # fmt: skip


def folder_of(events: Path, application_id: str) -> Path:
    """Where Spark writes the log of one application."""
    return events / f"eventlog_v2_{application_id}"


def bound(folder: Path, kept: int = KEPT_FILES) -> int:
    """Leave the newest `kept` files of one application's log whole. Returns how many older ones were deleted.

    The compacted file is written before anything is deleted, so that a reader finds a log without a gap at any time.
    """
    found = _rolled(folder)
    whole = [number for number, _, is_compact in found if not is_compact]
    if len(whole) <= kept:
        return 0
    last = whole[-kept - 1]
    old = [(number, path) for number, path, _ in found if number <= last]
    match = ROLLED.fullmatch(old[0][1].name)
    assert match is not None
    target = folder / f"events_{last}_{match['application']}.compact"
    draft = folder / f".{target.name}.draft"
    with draft.open("w", encoding="utf-8") as file:
        file.writelines(line for _, path in old for line in _essential(path))
    draft.replace(target)
    for _, path in old:
        path.unlink()
    return len(old)


def forget_old(events: Path, own: str, kept_bytes: int = KEPT_BYTES) -> None:
    """Delete the logs of former applications, the oldest first, until what is left of them has `kept_bytes`."""
    others = [folder for folder in events.glob("eventlog_v2_*") if folder != folder_of(events, own)]
    total = 0
    for folder in sorted(others, key=lambda one: one.stat().st_mtime, reverse=True):
        total += sum(file.stat().st_size for file in folder.iterdir())
        if total > kept_bytes:
            shutil.rmtree(folder, ignore_errors=True)


def _rolled(folder: Path) -> list[tuple[int, Path, bool]]:
    """(number, file, whether it is compacted), in the order in which the history server reads them."""
    matches = [(match, path) for path in folder.iterdir() if (match := ROLLED.fullmatch(path.name))]
    return sorted((int(match["number"]), path, bool(match["compact"])) for match, path in matches)


def _essential(path: Path) -> Iterator[str]:
    for line in _lines(path):
        if json.loads(line)["Event"] in ESSENTIAL:
            yield line


def _lines(path: Path) -> Iterator[str]:
    if ".zstd" not in path.suffixes:
        with path.open(encoding="utf-8") as file:
            yield from file
        return
    with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
        yield from io.TextIOWrapper(stream, encoding="utf-8")
