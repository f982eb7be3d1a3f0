"""Answers that took a while, kept for who asks the same of the same data."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")

MOST: Final = 64


class Held(Generic[T]):
    """The last `most` answers; the one that was not asked for the longest goes first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._answers: OrderedDict[Hashable, T] = OrderedDict()
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    async def of(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """`key` names the question and the state of the data. Raises what `make` raises, and keeps nothing then."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:  # who asks the same at the same time waits for the one answer
            if key not in self._answers:
                self._answers[key] = await make()
        self._answers.move_to_end(key)
        answer = self._answers[key]
        while len(self._answers) > self._most:
            self._answers.popitem(last=False)
        return answer
