"""The virtual environment, from the lock file. Standard library only."""

from __future__ import annotations

import platform
import sys
import sysconfig
from pathlib import Path

from newswake.errors import SetupError
from scripts.checks import check_disk
from scripts.places import LOCK_FILE, ROOT, SETUP_LOG, VENV
from scripts.steps import common_cause, digest, is_stamped, run_step, say

NEEDED_BYTES = 2_500_000_000
RECIPE = "1"  # raise it when this file makes the environment differently
STAMP = VENV / "newswake.stamp"
PYTHON = VENV / "bin" / "python"


def stamp() -> str:
    """What the environment depends on: the lock, this Python, this place (scripts in a venv hold its path)."""
    return digest(RECIPE, LOCK_FILE, sys.implementation.name, platform.python_version(), str(ROOT))


def ensure_packages() -> None:
    """Make `.venv` unless it is there and complete. Raises `SetupError` with one sentence when that fails."""
    wanted = stamp()
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
    pins = [line for line in LOCK_FILE.read_text(encoding="utf-8").splitlines() if "==" in line and line[0].isalnum()]
    say(f"installing {len(pins)} packages from {LOCK_FILE.name} (a few minutes the first time; log: {SETUP_LOG})")
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off"]
    # Some packages come as sources. They are built with the setuptools of the lock, not with whatever is newest.
    setuptools = SETUP_LOG.with_name("setuptools.lock")
    setuptools.write_text(_lines_of("setuptools", LOCK_FILE), encoding="utf-8")
    for options in (["-r", str(setuptools)], ["--no-build-isolation", "--use-pep517", "-r", str(LOCK_FILE)]):
        run_step(
            [*pip, "--require-hashes", "--no-deps", *options],
            SETUP_LOG,
            lambda lines: pip_progress(lines, len(pins)),
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


def _lines_of(package: str, lock: Path) -> str:
    """The pin of one package with its hashes."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    first = next((at for at, line in enumerate(lines) if line.startswith(f"{package}==")), None)
    if first is None:
        raise SetupError(f"{lock} has no {package}: make it again with `make lock`")
    last = first
    while lines[last].endswith("\\"):
        last += 1
    return "\n".join(lines[first : last + 1]) + "\n"
