"""The programs of a home under supervisord: its configuration, and talking to it over its socket.

There are three of them for a home at the most: `services` and `cluster` (what `make services` and `make cluster` leave
in the background) and `run` (what `make run` has in the foreground).
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from newswake.errors import ServiceError
from newswake.tether import die_with_parent
from scripts.places import ROOT

LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108, and supervisord appends its pid while it binds


@dataclass(frozen=True)
class Program:
    """One supervised program. `stop_seconds`: how long it may take to end after SIGTERM."""

    name: str
    command: Sequence[str]
    stop_seconds: int
    autostart: bool = True


@dataclass(frozen=True)
class ProgramState:
    """How a program is doing, as supervisord sees it. `exit_code` belongs to a program that has exited."""

    name: str
    state: str
    pid: int
    exit_code: int
    started_at: float


class Supervisor:
    """supervisord of a home. `kind` is `services`, `cluster` or `run`."""

    def __init__(self, home: Path, kind: str) -> None:
        self.home = home
        self.kind = kind
        self.run_folder = home / "run"
        self.config_file = self.run_folder / f"{kind}.conf"
        self.pid_file = self.run_folder / f"{kind}.pid"

    @property
    def socket(self) -> Path:
        socket = self.run_folder / f"{self.kind}.sock"
        if len(str(socket)) <= LONGEST_SOCKET_PATH:
            return socket
        digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"newswake-{os.getuid()}-{digest}" / f"{self.kind}.sock"

    def start(self, programs: Mapping[str, Sequence[Program]], tethered: bool, environ: Mapping[str, str]) -> int:
        """Start supervisord with groups of programs and wait until it answers; returns its pid.

        `tethered`: it ends with this process, however this ends.
        """
        for folder in (self.run_folder, self.home / "logs"):
            folder.mkdir(parents=True, exist_ok=True)
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.config_file.touch(mode=0o600)
        self.config_file.write_text(self.config(programs), encoding="utf-8")
        parent = os.getpid()
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.supervisord", "-n", "-c", str(self.config_file)],
            cwd=ROOT,
            env={**os.environ, **environ, "NEWSWAKE_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(log := (self.home / "logs" / f"supervisord-{self.kind}.err").open("w")),
            start_new_session=True,  # a Ctrl-C is for us: we stop the programs in their order
            preexec_fn=(lambda: die_with_parent(parent)) if tethered else None,
        )
        log.close()
        if not wait_until(lambda: process.poll() is not None or self.alive(), 15.0) or process.poll() is not None:
            raise ServiceError(f"The supervisor did not start; see {self.home}/logs/supervisord-{self.kind}.err")
        return process.pid

    def config(self, programs: Mapping[str, Sequence[Program]]) -> str:
        """The configuration file. A program that exits with 2 is not started again: a person must act."""
        logs = self.home / "logs"
        lines = [
            *("[unix_http_server]", f"file={_escaped(self.socket)}", "chmod=0700"),
            *("[supervisord]", "nodaemon=true", "silent=true", f"pidfile={_escaped(self.pid_file)}"),
            f"logfile={_escaped(logs / f'supervisord-{self.kind}.log')}",
            *("logfile_maxbytes=2MB", "logfile_backups=1"),
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        ]
        for group, members in programs.items():
            lines += [f"[group:{group}]", f"programs={','.join(program.name for program in members)}"]
            for program in members:
                command = [sys.executable, "-m", "scripts.program", program.name, "--", *program.command]
                lines += [
                    *(f"[program:{program.name}]", f"command={_escaped(shlex.join(command))}"),
                    *(f"directory={_escaped(ROOT)}", f"autostart={str(program.autostart).lower()}"),
                    *("autorestart=unexpected", "exitcodes=2", "startsecs=0"),
                    *("stopsignal=TERM", f"stopwaitsecs={program.stop_seconds}", "redirect_stderr=true"),
                    f"stdout_logfile={_escaped(logs / f'{program.name}.log')}",
                    *("stdout_logfile_maxbytes=10MB", "stdout_logfile_backups=3"),
                ]
        return "\n".join(lines) + "\n"

    def alive(self) -> bool:
        try:
            return bool(self._rpc("getState")["statename"] == "RUNNING")
        except ServiceError:
            return False

    def pid(self) -> int:
        return int(self._rpc("getPID"))

    def states(self) -> list[ProgramState]:
        return [
            ProgramState(info["name"], info["statename"], info["pid"], info["exitstatus"], float(info["start"]))
            for info in self._rpc("getAllProcessInfo")
        ]

    def start_group(self, group: str) -> None:
        self._rpc("startProcessGroup", group, False)

    def stop_group(self, group: str) -> None:
        self._rpc("stopProcessGroup", group, False)

    def start_program(self, group: str, name: str) -> None:
        self._rpc("startProcess", f"{group}:{name}", False)

    def shut_down(self, timeout_seconds: float = 30.0) -> None:
        """End supervisord and all its programs, and wait until they are gone."""
        try:
            pid = self.pid()
            self._rpc("shutdown")
        except ServiceError:
            return
        if not wait_until(lambda: not is_running(pid), timeout_seconds):
            raise ServiceError(f"The supervisor (pid {pid}) did not end within {timeout_seconds:g} s")

    def _rpc(self, method: str, *arguments: object) -> Any:
        """Raises `ServiceError` when supervisord is not there or refuses."""
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        try:
            proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Error as error:
            raise ServiceError(f"The supervisor of {self.home} refuses {method}: {error}") from error
        except OSError as error:
            log = self.home / "logs" / f"supervisord-{self.kind}.log"
            raise ServiceError(f"The supervisor of {self.home} does not answer ({error}); see {log}") from error
        finally:
            transport.close()


def wait_until(condition: Any, timeout_seconds: float, step_seconds: float = 0.1) -> bool:
    """Ask `condition` until it holds or the time is over; returns whether it held."""
    deadline = time.monotonic() + timeout_seconds
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(step_seconds)
    return True


def is_running(pid: int) -> bool:
    """Whether a process runs; one of ours that has ended is collected."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:  # not our child
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")
