"""What this machine must have: a Java, room on the disk, free ports. Standard library only.

Each check raises `SetupError` with one sentence: the cause, what sets it, what to do.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from newswake.errors import SetupError

PYTHONS = ((3, 11), (3, 12))
JAVAS = (17, 21)
LISTENING = "0A"  # state of a listening socket in /proc/net/tcp


def check_python(version: tuple[int, int] | None = None) -> None:
    version = version or (sys.version_info[0], sys.version_info[1])
    if version not in PYTHONS:
        raise SetupError(
            f"newswake needs Python 3.11 or 3.12, and {sys.executable} is {version[0]}.{version[1]}: "
            "install one, or name it as in `make run PYTHON=/usr/bin/python3.11`"
        )


def java_command(environ: dict[str, str] | None = None) -> str:
    """Path of a `java` of a version that Spark and Kafka run on: that of JAVA_HOME, else the one on the PATH."""
    environ = dict(os.environ) if environ is None else environ
    home = environ.get("JAVA_HOME", "")
    if home:
        java, origin = str(Path(home) / "bin" / "java"), "JAVA_HOME"
        if not os.access(java, os.X_OK):
            raise SetupError(f"JAVA_HOME is {home}, but there is no {java}: point it at a Java 17, or unset it")
    else:
        java, origin = shutil.which("java", path=environ.get("PATH")) or "", "PATH"
        if not java:
            raise SetupError(
                "There is no `java` on the PATH, and JAVA_HOME is not set: install Java 17 (a JRE will do)"
            )
    major = java_major(java)
    if not JAVAS[0] <= major <= JAVAS[-1]:
        raise SetupError(
            f"newswake needs Java 17 (up to {JAVAS[-1]}), and {java} (from {origin}) is {major}: "
            "set JAVA_HOME to the folder of a Java 17"
        )
    return java


def java_major(java: str) -> int:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise SetupError(f"{java} does not run ({error}): set JAVA_HOME to the folder of a Java 17") from error
    return major_in(answer.stderr + answer.stdout, java)


def major_in(text: str, java: str = "java") -> int:
    """The major version in what `java -version` prints.

    >>> major_in('openjdk version "17.0.15" 2025-04-15'), major_in('java version "1.8.0_392"')
    (17, 8)
    """
    found = re.search(r'version "(?:1\.)?(\d+)', text)
    if not found:
        raise SetupError(f"{java} -version says no version: set JAVA_HOME to the folder of a Java 17")
    return int(found.group(1))


def check_disk(folder: Path, needed_bytes: int, purpose: str) -> None:
    """Raises `SetupError` when the disk of `folder` (or of its nearest parent that exists) has too little room."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < needed_bytes:
        raise SetupError(
            f"The disk of {there} has {free / 1e9:.1f} GB free, and {purpose} needs {needed_bytes / 1e9:.1f} GB: "
            "make room, or move the folder"
        )


def check_port(port: int, setting: str, what: str) -> None:
    """Raises `SetupError` when somebody else listens on this port of 127.0.0.1, naming who where it is known."""
    if not port_is_free(port):
        holder = port_holder(port)
        by = f" by {holder}" if holder else ""
        raise SetupError(
            f"Port {port} for {what} is taken{by}: stop that, or set another port with {setting}, "
            f"as in `{setting}={port + 10000 if port < 50000 else port - 10000}`"
        )


def port_is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def port_holder(port: int) -> str:
    """`name (pid N)` of the process that listens on a port; empty where the system does not tell."""
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if table.is_file():
            rows = (line.split() for line in table.read_text().splitlines()[1:])
            inodes |= {row[9] for row in rows if row[3] == LISTENING and int(row[1].rpartition(":")[2], 16) == port}
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(handle.readlink()) in wanted for handle in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:  # gone meanwhile, or another user's
            continue
    return ""
