"""A folder that holds a recording: which files belong to it, and what tells it from another one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from newswake.errors import RecordingError


@dataclass(frozen=True)
class RecordingFolder:
    """The files of a recording; one of the two lists may be empty."""

    candles: tuple[Path, ...]
    posts: tuple[Path, ...]

    def fingerprint(self) -> str:
        """A digest of the content, so that a recording that was moved is still the same one."""
        digest = hashlib.sha256()
        for path in (*self.candles, *self.posts):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()


def open_folder(folder: Path) -> RecordingFolder:
    """The `candles*` and `posts*` files (Parquet or CSV) of `folder`. Raises `RecordingError` when there are none."""
    if not folder.is_dir():
        raise RecordingError(f"The recording {folder} is not a folder")
    found = RecordingFolder(_matching(folder, "candles"), _matching(folder, "posts"))
    if not found.candles and not found.posts:
        raise RecordingError(f"The folder {folder} holds neither candles*.parquet or .csv nor posts*.parquet or .csv")
    return found


def _matching(folder: Path, prefix: str) -> tuple[Path, ...]:
    suffixes = (".parquet", ".csv")
    return tuple(sorted(path for path in folder.glob(f"{prefix}*") if path.suffix.lower() in suffixes))
