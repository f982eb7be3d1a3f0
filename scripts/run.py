"""Everything in the foreground: `python -m scripts.run --source auto --speed 60`. Ctrl-C stops it, cleanly.

supervisord runs the programs; this process starts it, says what happens, and stops it in an order that loses nothing:
first the programs that read and write, then the services.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import requests
from pymongo.errors import PyMongoError

from newswake import mongo
from newswake.errors import NewswakeError, ServiceError
from newswake.home import LIVE, make_home, mark_home
from newswake.kafka import ensure_topics
from newswake.settings_sources import Resolved, resolve, variable_of
from scripts import mongod, report, services, sources, whereabouts
from scripts.checks import check_port
from scripts.ending import Ending
from scripts.sources import Source
from scripts.supervision import Program, Supervisor, wait_until
from scripts.watch import Watch

APPS_STOP_SECONDS = 10  # scripts.submit gives the driver 9
APPS = ("streaming", "candles", "posts", "dashboard")
LOOK_SECONDS = 0.5
SIMULATOR_SECONDS = 60.0


class Stopped(Exception):
    """Raised when the user asks to stop while things are still starting."""


class Run:
    """One run of one source, from its start to its end."""

    def __init__(self, source: Source, resolved: Resolved, environ: dict[str, str]) -> None:
        self.source = source
        self.resolved = resolved
        self.environ = environ
        self.settings = resolved.settings
        self.supervisor = Supervisor(source.home, "run")
        self.stop = threading.Event()
        self.told_by = ""

    def say(self, text: str) -> None:
        print(f"{datetime.now(UTC):%H:%M:%S} {text}", flush=True)

    def start(self) -> None:
        """Raises `NewswakeError` when something is missing or does not come up, `Stopped` when told to stop."""
        absent = services.missing(self.resolved)
        simulated = self.source.kind != LIVE
        local = self.settings.local
        check_port(local.spark_ui_port, variable_of("local", "spark_ui_port"), "the Spark UI")
        check_port(self.settings.dashboard.port, variable_of("dashboard", "port"), "the page")
        if simulated:
            check_port(self.settings.simulator.port, variable_of("simulator", "port"), "the simulator")
        # Not before: a home in which nothing was started is still free for any source.
        mark_home(self.source.home, self.source.kind)
        groups = {"services": [services.program(name) for name in absent]} if absent else {}
        groups |= {"simulator": [self._simulator()]} if simulated else {}
        groups["apps"] = _apps(self.source)
        names = [program.name for members in groups.values() for program in members]
        services.forget_starts(self.source.home, names)
        self.say(f"Starting {', '.join(names)}")
        # The streaming job takes longest to come up, so it starts beside the services that it needs a little later.
        if "mongod" in absent:
            mongod.prepare(self.source.home)
        services.write_addresses(self.resolved)
        self.supervisor.start(groups, tethered=True, environ=self.environ)
        services.wait_ready(absent, self.settings, self.supervisor, cancelled=self.stop.is_set)
        self._unless_stopped()
        self.settings = resolve(environ=self.environ).settings
        ensure_topics(self.settings.kafka)
        if simulated:
            self._wait_for_simulator()
        for state in self.supervisor.states():
            if state.name in APPS and not state.pid:
                self.supervisor.start_program("apps", state.name)

    def _simulator(self) -> Program:
        command = [sys.executable, "-m", "producers", "simulate", "--speed", f"{self.source.speed:g}"]
        recording = ["--recording", str(self.source.recording)] if self.source.recording else []
        # A recording is compared with what the broker holds, so the broker must be there.
        return Program("simulator", [*command, *recording], stop_seconds=3, autostart=not recording)

    def _wait_for_simulator(self) -> None:
        if self.source.recording is not None:
            self.supervisor.start_group("simulator")
        url = self.settings.clock.url
        watch = Watch(self.source.home, self.say, restart=lambda name: None)

        def answers() -> bool:
            self._unless_stopped()
            watch.look(self.supervisor.states(), time.monotonic())
            try:
                with requests.Session() as session:
                    session.trust_env = False
                    return session.get(url, timeout=1.0).ok
            except requests.RequestException:
                return False

        if not wait_until(answers, SIMULATOR_SECONDS, step_seconds=0.2):
            raise ServiceError(f"The simulator does not answer; see {self.source.home / 'logs' / 'simulator.log'}")

    def _unless_stopped(self) -> None:
        if self.stop.is_set():
            raise Stopped

    def attend(self) -> None:
        """Report until told to stop. Raises `ServiceError` when a program needs a person."""
        group = {"simulator": "simulator", "kafka": "services", "mongod": "services"}
        watch = Watch(
            self.source.home,
            self.say,
            lambda name: self.supervisor.start_program(group.get(name, "apps"), name),
        )
        with mongo.client(self.settings.mongo) as client:
            database = client[self.settings.mongo.database]
            ending = None
            if self.source.recording is not None:
                ending = Ending(self.settings.clock.url, self.settings.kafka, database)
            before, troubles = report.Counts(), report.Troubles()
            due = time.monotonic() + self.settings.local.report_seconds
            while not self.stop.wait(LOOK_SECONDS):
                watch.look(self.supervisor.states(), time.monotonic())
                if time.monotonic() < due:
                    continue
                due = time.monotonic() + self.settings.local.report_seconds
                try:
                    counts = report.count(database)
                except PyMongoError as error:
                    self.say(f"[{self.source.label}] the database does not answer ({type(error).__name__})")
                    continue
                for news in troubles.news(report.source_states(self.source.home)):
                    self.say(f"[{self.source.label}] {news}")
                self.say(report.line(counts, before, self.source.label, len(troubles)))
                before = counts
                if ending and ending.arrived(counts):
                    self.say(f"[{self.source.label}] The recording has ended and everything of it has come out.")

    def end(self) -> None:
        """Stop the programs first, so that they finish what they are at, then the services."""
        if not self.supervisor.alive():
            return
        self.say(f"Stopping{f' ({self.told_by})' if self.told_by else ''} …")
        began = time.monotonic()
        self.supervisor.stop_group("apps")
        # Nobody asks the simulator any more once the producers have ended; the streaming job may take longer.
        wait_until(lambda: not self._left("candles", "posts", "dashboard"), APPS_STOP_SECONDS)
        if self.source.kind != LIVE:
            self.supervisor.stop_group("simulator")
        wait_until(lambda: not self._left("streaming"), APPS_STOP_SECONDS + 1)
        self.supervisor.shut_down(timeout_seconds=10.0)
        self.say(f"Stopped after {time.monotonic() - began:.1f} s; the next run goes on from here.")

    def _left(self, *names: str) -> list[str]:
        return [state.name for state in self.supervisor.states() if state.name in names and state.pid]


def _apps(source: Source) -> list[Program]:
    def module(*arguments: str) -> list[str]:
        return [sys.executable, "-m", *arguments]

    quick_start = [] if source.recording else ["--quick-start"]
    return [
        Program("streaming", module("scripts.submit", *quick_start), APPS_STOP_SECONDS),
        Program("candles", module("producers", "candles"), stop_seconds=8, autostart=False),
        Program("posts", module("producers", "posts"), stop_seconds=8, autostart=False),
        Program("dashboard", module("dashboard"), stop_seconds=8, autostart=False),
    ]


@contextmanager
def only_run_of(home: Path) -> Iterator[None]:
    """Raises `ServiceError` when another run of this home is going on, `SettingsError` when it cannot be made."""
    make_home(home)
    (home / "run").mkdir(parents=True, exist_ok=True)
    with (home / "run" / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServiceError(f"{home} is already running: stop that one first (Ctrl-C there, or make stop)") from None
        yield


def stop_on_signals(run: Run) -> None:
    """Ctrl-C, SIGTERM and a closed terminal stop the run; a second one changes nothing, for it is under way."""

    def handler(number: int, frame: FrameType | None) -> None:
        run.told_by = run.told_by or signal.Signals(number).name
        run.stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def go(wanted: str, speed: float) -> None:
    candles = sources.candle_settings(os.environ)
    source, reason = sources.choose(wanted, speed, os.environ, candles)
    before_home = {**os.environ, "NEWSWAKE_HOME": str(source.home)}
    environ = {**before_home, **sources.environment(source, resolve(environ=before_home))}
    run = Run(source, resolve(environ=environ), environ)
    if reason:
        run.say(reason)
    with only_run_of(source.home):
        (source.home / "run" / "run.lock").write_text(f"{os.getpid()}\n")
        stop_on_signals(run)
        try:
            run.start()
            print(whereabouts.text(source, run.resolved, run.settings), flush=True)
            run.attend()
        except Stopped:
            return
        finally:
            run.end()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.run", description="everything, in the foreground")
    parser.add_argument("--source", default="auto", help="auto, live, simulated, or a folder with a recording")
    parser.add_argument("--speed", default="60", help="simulated seconds in a real one")
    options = parser.parse_args()
    try:
        go(options.source, sources.speed_from(options.speed))
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:  # before there was anything to stop
        sys.exit(130)


if __name__ == "__main__":
    main()
