"""Work that takes a processor for a while: in threads, two at a time, so that one reader's statistics delay nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

import anyio

from dashboard.refusals import Refused

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE: Final = 2
PATIENCE_SECONDS: Final = 15.0


class Heavy:
    """A queue with a limit: who waits too long is told to come again."""

    def __init__(self) -> None:
        self._places = anyio.Semaphore(AT_ONCE)

    async def run(self, work: Callable[P, T], *arguments: P.args, **more: P.kwargs) -> T:
        """Raises `Refused` when no place came free in time, and what `work` raises."""
        with anyio.move_on_after(PATIENCE_SECONDS) as waiting:
            await self._places.acquire()
        if waiting.cancelled_caught:
            raise Refused(503, "busy", "The server is busy with other statistics; try again in a moment")
        try:
            return await anyio.to_thread.run_sync(lambda: work(*arguments, **more))
        finally:
            self._places.release()
