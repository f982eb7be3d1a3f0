"""Kafka and MongoDB on this machine, in the background: `python -m scripts.services [start|stop]`.

What already runs for this home is used. Where the settings name a broker or a database of the user's own, none is
started for it. The addresses in force are written to NEWSWAKE_HOME/services.env.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from newswake.errors import NewswakeError, ServiceError
from newswake.home import make_home
from newswake.settings import Settings
from newswake.settings_sources import Resolved, resolve, variable_of
from scripts import kafka_broker, mongod
from scripts.checks import check_disk, check_port, java_command
from scripts.supervision import Program, Supervisor, wait_until

# One that was killed under a load first does again what was not in its files; one that ends is told at once.
START_SECONDS = 180.0
NEEDED_BYTES = 1_000_000_000


def local_services(resolved: Resolved) -> list[str]:
    """Which of `kafka` and `mongod` are ours to run: those whose address the user did not set."""
    ours = ("default", str(resolved.settings.home / "services.env"))
    origins = {"kafka": resolved.origins["kafka", "bootstrap_servers"], "mongod": resolved.origins["mongo", "uri"]}
    return [name for name, origin in origins.items() if origin in ours]


def answers(name: str, settings: Settings) -> bool:
    return kafka_broker.answers(settings) if name == "kafka" else mongod.answers(settings)


def program(name: str) -> Program:
    module = {"kafka": "scripts.kafka_broker", "mongod": "scripts.mongod"}[name]
    return Program(name, [sys.executable, "-m", module], stop_seconds=4)


def missing(resolved: Resolved) -> list[str]:
    """The local services that do not run yet.

    Raises `SetupError` when one of them could not: no Java, no mongod, a port that is taken, a full disk.
    """
    settings = resolved.settings
    absent = [name for name in local_services(resolved) if not answers(name, settings)]
    if "kafka" in absent:
        java_command()
        kafka_broker.jars()
        check_port(settings.local.kafka_port, variable_of("local", "kafka_port"), "the local broker")
        check_port(
            settings.local.kafka_controller_port,
            variable_of("local", "kafka_controller_port"),
            "the local broker's controller",
        )
    if "mongod" in absent:
        mongod.binary(settings.local.mongod)
        check_port(settings.local.mongo_port, variable_of("local", "mongo_port"), "the local mongod")
    if absent:
        check_disk(settings.home, NEEDED_BYTES, f"NEWSWAKE_HOME ({settings.home})")
    return absent


def wait_ready(
    names: list[str],
    settings: Settings,
    supervisor: Supervisor,
    timeout: float = START_SECONDS,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Wait until services answer, or `cancelled`.

    Raises `ServiceError`, with the end of its log, when one does not come up.
    """
    waiting = list(names)

    def all_ready() -> bool:
        if cancelled():
            return True
        for name in list(waiting):
            if answers(name, settings):
                waiting.remove(name)
        states = {state.name: state for state in supervisor.states()}
        failed = [name for name in waiting if _starts(settings.home, name) > 1 or states[name].state == "EXITED"]
        if failed:
            raise ServiceError(_why(failed[0], settings.home, "ended at once"))
        return not waiting

    if not wait_until(all_ready, timeout, step_seconds=0.2):
        raise ServiceError(_why(waiting[0], settings.home, f"does not answer after {timeout:g} s"))


def write_addresses(resolved: Resolved) -> None:
    """Write the addresses and credentials of the local services, for every program of ours that is told no others."""
    lines = {}
    names = local_services(resolved)
    if "kafka" in names:
        lines[variable_of("kafka", "bootstrap_servers")] = kafka_broker.address(resolved.settings)
    if "mongod" in names:
        lines[variable_of("mongo", "uri")] = mongod.uri(resolved.settings)
    write_env_file(resolved.settings.home / "services.env", lines)


def write_env_file(path: Path, lines: Mapping[str, str]) -> None:
    """Replace a file of `NAME=value` lines that only its owner may read."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
    draft.replace(path)


def start(
    environ: Mapping[str, str] | None = None, say: Callable[[str], None] = print, tethered: bool = False
) -> Settings:
    """Start what is missing and return the settings with the addresses in force."""
    environ = dict(os.environ) if environ is None else environ
    resolved = resolve(environ=environ)
    home = resolved.settings.home
    make_home(home)
    absent = missing(resolved)
    if absent:
        say(f"Starting {' and '.join(absent)} in {home} (logs in {home / 'logs'})")
        forget_starts(home, absent)
        supervisor = Supervisor(home, "services")
        supervisor.shut_down()  # one that lost a service is started whole again
        absent = missing(resolved)
        supervisor.start({"services": [program(name) for name in absent]}, tethered, environ)
        try:
            wait_ready(absent, resolved.settings, supervisor)
        except BaseException:
            supervisor.shut_down()
            raise
    write_addresses(resolved)
    return resolve(environ=environ).settings


def stop(home: Path) -> bool:
    """Stop the services of a home; returns whether any ran."""
    supervisor = Supervisor(home, "services")
    ran = supervisor.alive()
    supervisor.shut_down()
    return ran


def forget_starts(home: Path, names: list[str]) -> None:
    """A start that a person asked for has no pause before it."""
    for name in names:
        (home / "run" / f"{name}.starts").unlink(missing_ok=True)


def _starts(home: Path, name: str) -> int:
    file = home / "run" / f"{name}.starts"
    return len(file.read_text().split()) if file.is_file() else 0


def _why(name: str, home: Path, what: str) -> str:
    log = home / "logs" / f"{name}.log"
    return f"{name} {what}; see {log}, which ends with: {last_line(log)}"


def last_line(log: Path) -> str:
    """The last line with text of a log, shortened; the newest of ours (`newswake: …`) where there is one."""
    lines = log.read_text(encoding="utf-8", errors="replace")[-20_000:].splitlines() if log.is_file() else []
    lines = [line.strip() for line in lines if line.strip()]
    ours = [line for line in lines[-50:] if line.startswith("newswake: ") and "starts again in" not in line]
    return (ours or lines or ["(nothing)"])[-1].removeprefix("newswake: ")[:600]


def main() -> None:
    action = sys.argv[1] if len(sys.argv) > 1 else "start"
    try:
        if action == "start":
            settings = start()
            where = {"broker": settings.kafka.bootstrap_servers, "addresses": f"{settings.home / 'services.env'}"}
            print("Running: " + ", ".join(f"{name} {value}" for name, value in where.items()))
        else:
            print("Stopped." if stop(resolve().settings.home) else "Nothing ran.")
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
