"""A home: its folder, and its mark, the kind of source whose rows it holds, so that live and simulated never meet."""

from __future__ import annotations

import os
from pathlib import Path

from newswake.errors import SettingsError

MARK = "source"
LIVE, SIMULATED, RECORDING = "live", "simulated", "recording"


def make_home(home: Path) -> None:
    """Make the folder when it is missing. Raises `SettingsError` when nothing can be kept there."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"The home {home} (NEWSWAKE_HOME) cannot be made: {error.strerror}") from None
    if not os.access(home, os.W_OK | os.X_OK):
        raise SettingsError(f"The home {home} (NEWSWAKE_HOME) cannot be written to: Permission denied")


def read_mark(home: Path) -> str:
    """The kind of source, empty when none was chosen yet."""
    file = home / MARK
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def refuse_another(home: Path, kind: str) -> None:
    """Raises `SettingsError` when the home holds what came from a source of another kind."""
    mark = read_mark(home)
    if mark and mark != kind:
        raise SettingsError(
            f"{home} holds what came from the source `{mark}`, and rows of two sources must not meet: "
            f"give the source `{kind}` a home of its own with NEWSWAKE_HOME"
        )


def mark_home(home: Path, kind: str) -> None:
    """Make the home and mark it; raises like `refuse_another` and `make_home`."""
    refuse_another(home, kind)
    make_home(home)
    if not read_mark(home):
        draft = home / f"{MARK}.draft"
        draft.write_text(f"{kind}\n", encoding="utf-8")
        draft.replace(home / MARK)
