"""The virtual environment, from the lock file. Standard library only."""

from __future__ import annotations

import platform
import re
import sys
import sysconfig
import tomllib
from pathlib import Path

from newswake.errors import SetupError
from scripts.checks import check_disk
from scripts.places import LOCK_FILE, PROJECT_FILE, ROOT, SETUP_LOG, VENV
from scripts.steps import common_cause, digest, is_stamped, run_step, say

NEEDED_BYTES = 2_500_000_000
RECIPE = "1"  # raise it when this file makes the environment differently
STAMP = VENV / "newswake.stamp"
BUILDER = "setuptools"
PYTHON = VENV / "bin" / "python"


def stamp(lock: str) -> str:
    """What the environment depends on: the lock, this Python, this place (scripts in a venv hold its path)."""
    return digest(RECIPE, lock, sys.implementation.name, platform.python_version(), str(ROOT))


def ensure_packages(runtime: bool = False) -> None:
    """Make `.venv` unless it is there and complete; `runtime`: without what only the checks and the tests need.

    Raises `SetupError` with one sentence when that fails.
    """
    lock = LOCK_FILE.read_text(encoding="utf-8")
    lock = runtime_part(lock, PROJECT_FILE.read_text(encoding="utf-8")) if runtime else lock
    wanted = stamp(lock)
    if is_stamped(STAMP, wanted) and PYTHON.exists():
        return
    check_disk(ROOT, NEEDED_BYTES, "the virtual environment")
    # One without a stamp was interrupted: nothing in it can be trusted.
    incomplete = not STAMP.is_file()
    STAMP.unlink(missing_ok=True)
    if incomplete or not PYTHON.exists():
        say(f"making the virtual environment .venv with Python {platform.python_version()}")
        command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
        run_step(command, SETUP_LOG, lambda lines: "making .venv", _explain_venv)
    total = len(_entries(lock))
    say(f"installing {total} packages from {LOCK_FILE.name} (a few minutes the first time; log: {SETUP_LOG})")
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off"]
    # Some packages come as sources. They are built with the setuptools of the lock, not with whatever is newest.
    setuptools, everything = SETUP_LOG.with_name("setuptools.lock"), SETUP_LOG.with_name("wanted.lock")
    setuptools.write_text(_only(lock, {BUILDER}), encoding="utf-8")
    everything.write_text(lock, encoding="utf-8")
    for options in (["-r", str(setuptools)], ["--no-build-isolation", "--use-pep517", "-r", str(everything)]):
        run_step(
            [*pip, "--require-hashes", "--no-deps", *options],
            SETUP_LOG,
            lambda lines: pip_progress(lines, total),
            explain_pip,
        )
    site_packages = Path(sysconfig.get_path("purelib", vars={"base": str(VENV), "platbase": str(VENV)}))
    (site_packages / "newswake.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    STAMP.write_text(wanted, encoding="ascii")
    say("the packages are installed")


def pip_progress(lines: list[str], total: int) -> str:
    """How far pip is, from what it has printed.

    >>> pip_progress(["Collecting a==1", "Collecting b==2"], 5)
    'package 2 of 5'
    >>> pip_progress(["Collecting a==1", "Installing collected packages: a"], 5)
    'unpacking'
    """
    if any(line.startswith("Installing collected packages") for line in lines):
        return "unpacking"
    if lines and lines[-1].lstrip().startswith("Building wheel"):
        return f"building {lines[-1].split()[3]}"
    return f"package {sum(line.startswith('Collecting ') for line in lines)} of {total}"


def explain_pip(tail: str) -> str:
    """One sentence for a pip that failed."""
    if "do not match the hashes" in tail.lower():
        cause = "a package is not the one that requirements.lock has the hash of"
    elif reason := common_cause(tail):
        cause = f"the package index (pip config list shows which): {reason}" if "network" in reason else reason
    else:
        errors = [line for line in tail.splitlines() if line.lstrip().startswith("ERROR")]
        cause = errors[-1].strip() if errors else "pip failed"
    return f"The packages could not be installed: {cause}; see {SETUP_LOG}, then run the same command again"


def _explain_venv(tail: str) -> str:
    if "ensurepip" in tail:
        return f"{sys.executable} has no `venv` with pip: install it (on Debian: apt install python3-venv)"
    return f"The virtual environment could not be made: {common_cause(tail) or 'venv failed'}; see {SETUP_LOG}"


def runtime_part(lock: str, project: str) -> str:
    """The entries of the lock that the texts of requirements.lock and pyproject.toml ask for without any extra.

    An entry says by whom it is asked for (`# via`). Setuptools is kept, which builds what comes as a source.
    """
    needed, before = {BUILDER, *map(_name, tomllib.loads(project)["project"]["dependencies"])}, 0
    while len(needed) > before:
        before = len(needed)
        needed |= {
            name for name, lines in _entries(lock) if needed & set(re.findall(r"(?m)^ +# +(?:via )?(\S+)", lines))
        }
    return _only(lock, needed)


def _only(lock: str, names: set[str]) -> str:
    held = {name for name, _ in _entries(lock)}
    if absent := sorted(names - held):
        raise SetupError(f"{LOCK_FILE} has no {', '.join(absent)}: make it again with `make lock`")
    return "".join(lines for name, lines in _entries(lock) if name in names)


def _entries(lock: str) -> list[tuple[str, str]]:
    """Each package's name and lines. One that differs by machine or Python has an entry for each."""
    return [(_name(lines), lines) for lines in re.split(r"(?m)^(?=\w)", lock) if lines[:1].isalnum()]


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")
