"""Work that takes a processor and memory for a while: two at a time, so that one reader's statistics delay nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, ParamSpec, TypeVar

import anyio

from dashboard.refusals import Refused

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE: Final = 2
THREADS: Final = 8  # of their own: those of short questions, such as health, are never all taken
PATIENCE_SECONDS: Final = 15.0


class Heavy:
    """A queue with a limit: who waits too long is told to come again."""

    def __init__(self) -> None:
        self._places = anyio.Semaphore(AT_ONCE)
        self._threads = anyio.CapacityLimiter(THREADS)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """To be held from the first row that is read: rows that wait for a processor would fill the memory.

        Raises `Refused` when no place came free in time.
        """
        with anyio.move_on_after(PATIENCE_SECONDS) as waiting:
            await self._places.acquire()
        if waiting.cancelled_caught:
            raise Refused(503, "busy", "The server is busy with other statistics; try again in a moment")
        try:
            yield
        finally:
            self._places.release()

    async def thread(self, work: Callable[P, T], *arguments: P.args, **more: P.kwargs) -> T:
        """Do it in a thread. Raises what `work` raises."""
        return await anyio.to_thread.run_sync(lambda: work(*arguments, **more), limiter=self._threads)
