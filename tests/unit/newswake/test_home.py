"""The folder of a home, where it can be one and where it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from newswake.errors import SettingsError
from newswake.home import make_home, mark_home, read_mark

ROOT = Path(__file__).resolve().parents[3]


def test_a_home_is_made_with_all_its_parents_and_keeps_its_mark(tmp_path: Path) -> None:
    home = tmp_path / "a" / "b"
    mark_home(home, "live")
    make_home(home)
    assert read_mark(home) == "live"


def test_a_home_that_cannot_be_a_folder_is_refused_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SettingsError, match=r"\(NEWSWAKE_HOME\) cannot be made"):
            make_home(home)


@pytest.mark.parametrize(
    "command",
    [
        ("scripts.services",),
        ("scripts.run", "--source", "simulated"),
        ("scripts.submit",),
        ("scripts.cluster",),
        ("producers", "simulate"),
    ],
)
def test_every_program_says_so_in_one_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "NEWSWAKE_HOME": str(tmp_path / "file")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert done.stderr.startswith(f"newswake: The home {tmp_path / 'file'} (NEWSWAKE_HOME) cannot be made")
