"""What waits to be sent to one client. It is bounded, and newer replaces older: a slow client harms nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from dashboard.models.live import Resync

MOST_WAITING: Final = 500


class Outbox:
    """Texts by key. A text replaces the one that waits under the same key, in its place.

    When more than `MOST_WAITING` wait, all of them go, and the client is told to ask for its topics again.
    """

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self._waiting: dict[str, str] = {}
        self._arrived = asyncio.Event()

    def put(self, key: str, text: str) -> None:
        if key not in self._waiting and len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            key, text = "resync", _resync(self.topics)
        self._waiting[key] = text
        self._arrived.set()

    async def take(self) -> str:
        """The oldest text; waits for one."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.pop(next(iter(self._waiting)))

    def __len__(self) -> int:
        return len(self._waiting)


def _resync(topics: Iterable[str]) -> str:
    return Resync(topics=sorted(topics), reason="slow").model_dump_json()
