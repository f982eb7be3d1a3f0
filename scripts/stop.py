"""Stop what runs: `python -m scripts.stop`. The home of NEWSWAKE_HOME, else every home under .newswake."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from newswake.errors import NewswakeError, ServiceError
from scripts.places import HOMES
from scripts.supervision import Supervisor, is_running, wait_until

RUN_SECONDS = 30.0


def homes() -> list[Path]:
    """The homes that a command without a source means."""
    named = os.environ.get("NEWSWAKE_HOME")
    if named:
        return [Path(named).absolute()]
    return sorted(path for path in HOMES.glob("*") if path.is_dir())


def stop(home: Path) -> list[str]:
    """Stop a home's run, its Spark cluster and its services; returns what was stopped.

    Raises `ServiceError` when one does not end.
    """
    stopped = []
    run = Supervisor(home, "run")
    if run.alive():
        # The run stops its programs in their order when it is told to; without it, supervisord does.
        pid = run_pid(home)
        if pid and is_running(pid):
            os.kill(pid, signal.SIGTERM)
            if not wait_until(lambda: not is_running(pid), RUN_SECONDS):
                raise ServiceError(f"The run of {home} (pid {pid}) did not end within {RUN_SECONDS:g} s")
        run.shut_down()
        stopped.append("run")
    for kind in ("cluster", "services"):
        background = Supervisor(home, kind)
        if background.alive():
            background.shut_down()
            stopped.append(kind)
    return stopped


def run_pid(home: Path) -> int | None:
    """The pid of `make run` in this home; it means something only while its supervisor runs."""
    try:
        return int((home / "run" / "run.lock").read_text())
    except (OSError, ValueError):
        return None


def main() -> None:
    try:
        stopped = [f"{what} of {home}" for home in homes() for what in stop(home)]
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"Stopped: {', '.join(stopped)}" if stopped else "Nothing ran.")


if __name__ == "__main__":
    main()
