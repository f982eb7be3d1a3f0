"""What runs, where, and how the sources are doing: `python -m scripts.status`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from newswake.errors import NewswakeError
from newswake.home import read_mark
from newswake.settings_sources import resolve
from scripts import services
from scripts.program import loop_of, read_starts
from scripts.report import source_states, trouble
from scripts.services import last_line
from scripts.stop import homes
from scripts.supervision import ProgramState, Supervisor
from scripts.whereabouts import page_address


def describe(home: Path, now: float) -> list[str]:
    """Lines about one home. Raises `SettingsError` when its settings cannot be read."""
    resolved = resolve(environ={**os.environ, "NEWSWAKE_HOME": str(home)})
    lines = [f"{home} (source {read_mark(home) or 'not chosen yet'})"]
    for kind in ("services", "cluster", "run"):
        supervisor = Supervisor(home, kind)
        if supervisor.alive():
            lines.append(f"  {'make run' if kind == 'run' else 'in the background'}, supervisor {supervisor.pid()}:")
            lines += [f"    {program(state, home, now)}" for state in supervisor.states()]
            lines += [f"    page at {page_address(resolved.settings.dashboard)}"] if kind == "run" else []
    for name in services.local_services(resolved):
        port = resolved.settings.local.kafka_port if name == "kafka" else resolved.settings.local.mongo_port
        answer = "answers" if services.answers(name, resolved.settings) else "does not run"
        lines.append(f"  {name} {answer} (127.0.0.1:{port})")
    for state in source_states(home):
        lines.append(f"  source {trouble(state)}, since {state.get('since')}")
    return lines


def program(state: ProgramState, home: Path, now: float) -> str:
    """One program: its state, how long it has run, and whether it keeps dying."""
    text = f"{state.name:10} {state.state.lower()}"
    if state.pid:
        text += f", pid {state.pid}, for {max(0.0, now - state.started_at):.0f} s"
    if loop := loop_of(read_starts(home / "run", state.name), now):
        text += f"; keeps ending: {loop}, last reason: {last_line(home / 'logs' / f'{state.name}.log')}"
    elif state.state == "EXITED":
        text += f": {last_line(home / 'logs' / f'{state.name}.log')}"
    return text


def main() -> None:
    found = homes()
    if not found:
        print("Nothing runs: there is no home yet.")
    try:
        for home in found:
            print("\n".join(describe(home, time.time())))
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
