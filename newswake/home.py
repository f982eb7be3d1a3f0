"""The mark of a home: the kind of source whose rows it holds, so that live and simulated rows never meet."""

from __future__ import annotations

from pathlib import Path

from newswake.errors import SettingsError

MARK = "source"
LIVE, SIMULATED, RECORDING = "live", "simulated", "recording"


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
    """Make the home and mark it; raises like `refuse_another`."""
    refuse_another(home, kind)
    home.mkdir(parents=True, exist_ok=True)
    if not read_mark(home):
        draft = home / f"{MARK}.draft"
        draft.write_text(f"{kind}\n", encoding="utf-8")
        draft.replace(home / MARK)
