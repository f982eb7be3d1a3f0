"""Full disks, said in words: which folder's disk it is, and what to do."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from pathlib import Path

# What is left over after a write that failed is often given back, so a full disk is not always empty to the byte.
NEARLY_FULL_BYTES = 8_000_000


def is_full(error: OSError) -> bool:
    """Whether an error means that a disk, or what we may use of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def fullest(folders: Mapping[str, str]) -> tuple[str, int] | None:
    """The folders on the fullest disk of those named, as `the lake (path) and …`, and its free bytes.

    Names are what people call them; those that are no local folder, or not there yet, are left out.
    """
    local = {name: Path(path.removeprefix("file://")) for name, path in folders.items()}
    disks = {name: path.stat().st_dev for name, path in local.items() if path.is_dir()}
    if not disks:
        return None
    free = {name: shutil.disk_usage(local[name]).free for name in disks}
    disk = disks[min(free, key=lambda name: free[name])]
    names = [name for name in disks if disks[name] == disk]
    return " and of ".join(f"{name} ({local[name]})" for name in names), min(free.values())


def sentence(where: str) -> str:
    """What to do about a full disk; `where` as `fullest` says it."""
    return f"No space left on the disk of {where}: make room and start again; it goes on where it stopped"
