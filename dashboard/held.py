"""Answers that took a while, kept for who asks the same of the same data."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST: Final = 64


class Held(Generic[T]):
    """The last `most` answers; the one that was not asked for the longest goes first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._answers: OrderedDict[Hashable, T] = OrderedDict()
        self._under_way: dict[Hashable, asyncio.Task[T]] = {}

    async def of(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """`key` names the question and the state of the data. Raises what `make` raises, and keeps nothing then.

        Who asks while the answer is being made waits for that one. It is made to its end when who asked first has
        left: the others still want it.
        """
        if key in self._answers:
            self._answers.move_to_end(key)
            return self._answers[key]
        if key not in self._under_way:
            self._under_way[key] = task = asyncio.ensure_future(self._made(key, make))
            task.add_done_callback(_heard)
        return await asyncio.shield(self._under_way[key])

    async def _made(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        try:
            answer = self._answers[key] = await make()
        finally:
            del self._under_way[key]
        while len(self._answers) > self._most:
            self._answers.popitem(last=False)
        return answer


def _heard(task: asyncio.Task[T]) -> None:
    """A failure that nobody waits for any more is nobody's; asking for it keeps asyncio from reporting it as lost."""
    if not task.cancelled():
        task.exception()
