"""Everything that runs in a chaos run: services, the two producers, the application; and how far each is."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from newswake.settings import Settings
from newswake.settings_sources import resolve
from scripts import services
from scripts.submit import ancestors
from scripts.supervision import Program, Supervisor
from scripts.watch import REFUSED
from streaming.app import QUERIES
from tests.chaos import tell
from tests.conftest import LOCAL_PORTS, ROOT, free_ports
from tests.worlds.live import LATENESS_MINUTES

APPLICATION = "streaming"
PRODUCERS = ("posts", "candles")
SERVICES = ("kafka", "mongod")
EVERYTHING = "everything"  # as when the machine sleeps: meanwhile only the world goes on
LOOK_SECONDS = 0.05
# The world never stands still before its end, so that there is always something to recover with; it only slows down.
PACE_SECONDS = 8.0


class Stage:
    """Starts all of it in `home`, and tells pids and progress. `hours`: how long the world is."""

    def __init__(self, home: Path, seed: int, days: int, memory: str = "1g") -> None:
        self.home = home
        self.hours = 24 * days
        home.mkdir(exist_ok=True)
        ports = dict(zip(LOCAL_PORTS, map(str, free_ports(len(LOCAL_PORTS))), strict=True))
        (home / "newswake.toml").touch()
        self.environ = {
            **os.environ,
            **ports,
            "NEWSWAKE_HOME": str(home),
            "NEWSWAKE_CONF": str(home / "newswake.toml"),
            "NEWSWAKE_LOCAL__SPARK_UI_PORT": str(free_ports(1)[0]),
            "NEWSWAKE_MONITOR__PORT": str(free_ports(1)[0]),
            "NEWSWAKE_LOCAL__DRIVER_MEMORY": memory,
            "NEWSWAKE_STREAMING__LATENESS_MINUTES": str(LATENESS_MINUTES),
            "NEWSWAKE_STREAMING__TRIGGER_SECONDS": "0.5",
            "NEWSWAKE_STREAMING__REPAIR_SECONDS": "10",
            "NEWSWAKE_STREAMING__COMPACT_EVERY_BATCHES": "6",
            "NEWSWAKE_TEST_CHAOS_SEED": str(seed),
            "NEWSWAKE_TEST_CHAOS_DAYS": str(days),
        }
        self.folder = tell.folder(home)
        self.folder.mkdir(parents=True)
        self._services = Supervisor(home, "services")
        self._apps = Supervisor(home, "run")
        self._advanced_at: float | None = None
        self._commits = 0
        self._quota = (0.0, 0.0, 0.0)
        self._pause = threading.Event()
        self.longest_pause = 0.0
        self.refusals: list[str] = []

    @property
    def settings(self) -> Settings:
        return resolve(environ=self.environ).settings

    def start(self) -> None:
        services.start(self.environ, say=lambda line: None, tethered=True)
        module = [sys.executable, "-m"]
        programs = [Program(kind, [*module, "tests.chaos.tell", kind], stop_seconds=3) for kind in PRODUCERS]
        launch = [*module, "tests.chaos.launch", "--quick-start", "--master", "local[2]"]
        programs.append(Program(APPLICATION, launch, stop_seconds=14))
        self._apps.start({"apps": programs}, tethered=True, environ=self.environ)

    def stop(self) -> None:
        """End everything that runs."""
        self._apps.shut_down()
        self._services.shut_down()

    def finish(self, seconds: float = 300.0) -> None:
        """All has been told: stop the programs and let the application, as it is, process what is there and end."""
        self._apps.shut_down()
        submit = [sys.executable, "-m", "scripts.submit", "--quick-start", "--master", "local[2]", "--", "--once"]
        with (self.home / "logs" / "once.log").open("wb") as log:
            subprocess.run(
                submit, cwd=ROOT, env=self.environ, check=True, stdout=log, stderr=subprocess.STDOUT, timeout=seconds
            )

    def pid(self, name: str) -> int:
        """Of a supervised program; 0 while it does not run."""
        supervisor = self._services if name in SERVICES else self._apps
        return next(state.pid for state in supervisor.states() if state.name == name)

    def pids(self, name: str) -> list[int]:
        """A program and all that descends from it: the launcher, the JVM, the driver."""
        if name == EVERYTHING:
            return [pid for each in (APPLICATION, *PRODUCERS, *SERVICES) for pid in self.pids(each)]
        first = self.pid(name)
        if name != APPLICATION or not first:
            return [first] if first else []
        running = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in running if pid == first or first in ancestors(pid)]

    def signal(self, name: str, number: signal.Signals) -> None:
        """To a program and all that descends from it. The supervisor starts one that dies again."""
        pids = self.pids(name)
        if number == signal.SIGKILL:
            self.forget_starts(name)
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:  # it went with its parent
                continue

    def forget_starts(self, name: str) -> None:
        """The next start has no pause before it: what is killed again and again must not wait ever longer."""
        services.forget_starts(self.home, [name])

    def progress(self, name: str) -> int:
        """A number that grows when a program gets on: messages told, or batches committed."""
        if name in PRODUCERS:
            return tell.progress(self.home, name)
        folders = (Path(self.settings.checkpoints_path) / query / "commits" for query in QUERIES)
        newest = (
            max((int(file.name) for file in folder.iterdir() if file.name.isdigit()), default=-1)
            for folder in folders
            if folder.is_dir()
        )
        return sum(1 + batch for batch in newest)

    def allow_all(self) -> None:
        """The world goes on to its end at once."""
        self._quota = (0.0, 0.0, 0.0)
        tell.replace_text(self.folder / "allowed", str(2 * self.hours))

    def allow(self, share: float) -> None:
        """From now on the world goes on towards this share of it, most of the way in `PACE_SECONDS`."""
        self._quota = (time.monotonic(), tell.allowed_hours(self.home), share * self.hours)

    def allow_more(self, share: float) -> None:
        """Its aim lies further by this share of the world."""
        aim = min(1.0, self._quota[2] / self.hours + share)
        if aim * self.hours > tell.allowed_hours(self.home):
            self.allow(aim)

    def look(self) -> None:
        """Let the world go on, note whether the application gets on, and start again what refused to work."""
        began, first, last = self._quota
        now = time.monotonic()
        hours = first + (last - first) * (1 - math.exp((began - now) / PACE_SECONDS))
        if hours > first:
            tell.replace_text(self.folder / "allowed", f"{hours:.3f}")
        commits = self.progress(APPLICATION)
        if commits > self._commits:
            if self._advanced_at is not None:
                self.longest_pause = max(self.longest_pause, now - self._advanced_at)
            self._advanced_at, self._commits = now, commits
        for state in self._apps.states():
            if state.state == "EXITED" and state.exit_code == REFUSED:  # as scripts.watch does in a run
                self.refusals.append(f"{state.name}: {services.last_line(self.home / 'logs' / f'{state.name}.log')}")
                self.forget_starts(state.name)
                self._apps.start_program("apps", state.name)

    def wait(self, seconds: float) -> None:
        self.until(lambda: False, seconds)

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Look until the condition holds or the time is over. Returns whether it held."""
        deadline = time.monotonic() + seconds
        while not (held := condition()) and time.monotonic() < deadline:
            self.look()
            self._pause.wait(LOOK_SECONDS)
        return held
