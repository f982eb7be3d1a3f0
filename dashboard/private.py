"""Small files of the home that only their owner may read: what somebody owns, and where alerts go.

They are not in MongoDB, because the setting mongo.uri may name a server that others read.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from newswake.errors import SettingsError

ONLY_OURS = 0o600


def load(path: Path) -> dict[str, Any]:
    """The object in the file, an empty one where there is no file. Others lose the right to read it.

    Raises `SettingsError` for a file that cannot be read.
    """
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(ONLY_OURS)
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read ({type(error).__name__}): mend it, or delete it") from None
    if not isinstance(found, dict):
        raise SettingsError(f"{path} is none of ours: mend it, or delete it")
    return found


@contextmanager
def changing(path: Path) -> Iterator[dict[str, Any]]:
    """The object in the file, to be changed in the block and written at its end, as a whole or not at all.

    Whoever changes it at the same time waits. Nothing is written when the block raises. Raises `SettingsError` where
    nothing can be written: a disk that is full, a folder that is not ours.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path.with_suffix(".lock"), "w", opener=_only_ours) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            held = load(path)
            yield held
            draft = path.with_suffix(".draft")
            with open(draft, "w", encoding="utf-8", opener=_only_ours) as file:
                json.dump(held, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror}); it stays as it was") from None


def _only_ours(path: str, flags: int) -> int:
    return os.open(path, flags, ONLY_OURS)
