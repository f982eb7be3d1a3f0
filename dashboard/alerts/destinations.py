"""Where alerts go: apprise addresses. They hold passwords and tokens, so they are never shown again."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

import apprise
from pydantic import SecretStr

from newswake.logs import MaskSecrets

# Parts of an address that tell nothing: scheme names, ports, short words.
SHORTEST_SECRET: Final = 5
LONGEST_REASON: Final = 300

_logger = logging.getLogger("apprise")
_logger.propagate = False
_one_at_a_time = threading.RLock()


@dataclass(frozen=True)
class Destination:
    """A channel with its address."""

    id: str
    name: str
    url: SecretStr
    enabled: bool = True

    def service(self) -> str | None:
        """What apprise calls the kind of service, None where it does not know the address."""
        found = _instance(self.url)
        return None if found is None else str(found.service_name)

    def masked(self) -> str:
        """The service and the host as apprise writes them without secrets; a path may be one, and is left out."""
        found = _instance(self.url)
        if found is None:
            return "…"
        scheme, _, rest = str(found.url(privacy=True)).partition("?")[0].partition("://")
        host, _, path = rest.partition("/")
        return f"{scheme}://{host}" + ("/…" if path.strip("/") else "")


@dataclass(frozen=True)
class Delivery:
    """Whether a channel took a message, and the reason where it did not."""

    delivered: bool
    reason: str = ""


def send(destination: Destination, title: str, body: str) -> Delivery:
    """Send now, and wait for the answer, some seconds at the most. Never raises, never tells a secret."""
    with _listening() as said:
        found = _instance(destination.url)
        if found is None:
            return Delivery(False, "apprise does not know this address")
        post = apprise.Apprise()
        post.add(found)
        delivered = bool(post.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT))
    if delivered:
        return Delivery(True)
    reason = MaskSecrets(_secrets(destination.url)).mask(" ".join(said)) or "the service did not take it"
    return Delivery(False, reason[:LONGEST_REASON])


def _instance(url: SecretStr) -> apprise.NotifyBase | None:
    with _listening():
        found = apprise.Apprise.instantiate(url.get_secret_value(), suppress_exceptions=True)
    return found if isinstance(found, apprise.NotifyBase) else None


class _Listener(logging.Handler):
    """Collects what apprise says: it may name the address, so it never goes to the log as it is."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[list[str]]:
    """One at a time, because apprise sends in threads of its own, and what they say does not tell for whom."""
    listener = _Listener()
    with _one_at_a_time:
        _logger.addHandler(listener)
        try:
            yield listener.said
        finally:
            _logger.removeHandler(listener)


def _secrets(url: SecretStr) -> list[str]:
    """Every part of an address that may be a secret, as written and as meant."""
    parts = re.split(r"[/:@?&=]+", url.get_secret_value().partition("://")[2])
    meant = [unquote(part) for part in parts]
    return [part for part in (url.get_secret_value(), *parts, *meant) if len(part) >= SHORTEST_SECRET]
