"""Which addresses the processes of a tree listen on, as the kernel tells it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from scripts.checks import LISTENING
from scripts.submit import ancestors


@dataclass(frozen=True, order=True)
class Listener:
    """`command` is the name of the process."""

    command: str
    host: str
    port: int


def listeners(root: int) -> set[Listener]:
    """The listening TCP sockets of a process and of everything that it started."""
    sockets = _sockets()
    found: set[Listener] = set()
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        if pid != root and root not in ancestors(pid):
            continue
        try:
            command = (entry / "comm").read_text().strip()
            handles = [str(handle.readlink()) for handle in (entry / "fd").iterdir()]
        except OSError:  # it has ended meanwhile
            continue
        found |= {Listener(command, *sockets[handle]) for handle in handles if handle in sockets}
    return found


def _sockets() -> dict[str, tuple[str, int]]:
    """(host, port) of every listening socket of this machine, by the name that a file handle has for it."""
    found = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            row = line.split()
            if row[3] == LISTENING:
                host, _, port = row[1].partition(":")
                found[f"socket:[{row[9]}]"] = (_host(host), int(port, 16))
    return found


def _host(text: str) -> str:
    """An address as the kernel writes it, in words of four bytes, each backwards; IPv4 inside IPv6 as IPv4."""
    words = [bytes.fromhex(text[start : start + 8])[::-1] for start in range(0, len(text), 8)]
    if len(words) == 1:
        return str(IPv4Address(words[0]))
    address = IPv6Address(b"".join(words))
    return str(address.ipv4_mapped or address)
