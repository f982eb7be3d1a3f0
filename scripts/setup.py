"""Install what is missing: `python3.11 -m scripts.setup`. Standard library only; `make run` and `make test` call it.

What is done is stamped with a hash of what it was made from, so that a second start does nothing and needs no
network, and what was interrupted is done again.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from newswake.errors import NewswakeError, SetupError
from scripts.checks import check_python, java_command
from scripts.jars import ensure_jars
from scripts.packages import ensure_packages
from scripts.page import ensure_page
from scripts.places import ROOT, SETUP_LOG
from scripts.steps import common_cause, say


def set_up(runtime: bool = False) -> None:
    """Raises `SetupError` with one sentence when something cannot be installed."""
    check_python()
    java = java_command()
    with alone():
        ensure_packages(runtime)
        ensure_jars(java)
        ensure_page()


@contextmanager
def alone() -> Iterator[None]:
    """One set-up at a time in this folder; a second one waits for the first."""
    SETUP_LOG.parent.mkdir(parents=True, exist_ok=True)
    with (SETUP_LOG.parent / "setup.pid").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up of this folder")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3.11 -m scripts.setup", description="install what is missing")
    parser.add_argument("--runtime", action="store_true", help="without what only the checks and the tests need")
    runtime = parser.parse_args().runtime
    os.chdir(ROOT)
    try:
        set_up(runtime)
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        reason = common_cause(str(error)) or str(error)
        print(f"newswake: {SetupError(f'The set-up stopped: {reason}; see {SETUP_LOG}')}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("newswake: the set-up was interrupted; it goes on with the next start", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
