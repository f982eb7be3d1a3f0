"""How the set-up does and shows one step. Standard library only."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from newswake.errors import SetupError
from newswake.tether import die_with_parent

QUIET_SECONDS = 3.0 if sys.stdout.isatty() else 10.0  # a step that takes longer shows how far it is
LOG_TAIL_BYTES = 20_000


def say(text: str) -> None:
    print(f"set-up: {text}", flush=True)


def digest(*parts: str | bytes | Path) -> str:
    """A hash of what a step depends on: texts, and the contents of files."""
    total = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


def is_stamped(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="ascii").strip() == wanted


def run_step(
    command: Sequence[str],
    log: Path,
    progress: Callable[[list[str]], str],
    explain: Callable[[str], str],
    environ: Mapping[str, str] | None = None,
    quiet_seconds: float = QUIET_SECONDS,
) -> None:
    """Run a program with its output in a log, saying now and then how far it is.

    `progress` tells that from the lines so far. Raises `SetupError` when the program fails; `explain` makes the
    sentence from the end of the log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    parent = os.getpid()
    start_of_step = log.stat().st_size if log.is_file() else 0
    with log.open("ab") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environ or {})},
            preexec_fn=lambda: die_with_parent(parent),  # a killed set-up must not go on behind the next one's back
        )
        lines: list[str] = []
        reader = threading.Thread(target=_collect, args=(process, file, lines), daemon=True)
        reader.start()
        _show(reader, lines, progress, quiet_seconds)
        code = process.wait()
    if code:
        with log.open("rb") as file:
            file.seek(max(start_of_step, log.stat().st_size - LOG_TAIL_BYTES))
            tail = file.read().decode("utf-8", "replace")
        raise SetupError(explain(tail))


def _collect(process: subprocess.Popen[bytes], log: object, lines: list[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        log.write(line)  # type: ignore[attr-defined]
        lines.append(line.decode("utf-8", "replace").rstrip())


def _show(reader: threading.Thread, lines: list[str], progress: Callable[[list[str]], str], quiet: float) -> None:
    """One line that is written over on a terminal, else a line each time that something changed."""
    began = time.monotonic()
    shown = ""
    while reader.is_alive():
        reader.join(quiet)
        if not reader.is_alive():
            break
        text = progress(list(lines))
        seconds = f"{time.monotonic() - began:.0f} s"
        if sys.stdout.isatty():
            print(f"\r\033[Kset-up:   {text} ({seconds})", end="", flush=True)
        elif text != shown:
            say(f"  {text} ({seconds})")
        shown = text
    if shown and sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)


def common_cause(tail: str) -> str:
    """What the log of a program that downloads says went wrong, where that is plain; else empty.

    >>> common_cause("OSError: [Errno 28] No space left on device")[:20]
    'the disk is full (of'
    """
    text = tail.lower()
    if "no space left on device" in text:
        return f"the disk is full (of {Path.cwd()}, or of TMPDIR={os.environ.get('TMPDIR', '/tmp')})"
    unreachable = (
        "name resolution", "name or service not known", "unknownhost", "network is unreachable", "connection refused",
        "newconnectionerror", "connecttimeout", "connect timed out", "failed to establish", "no route to host",
        "cannot connect to proxy", "proxyerror", "max retries exceeded", "connection reset",
    )  # fmt: skip
    if any(word in text for word in unreachable):
        return "it is not to be reached over the network"
    return ""
