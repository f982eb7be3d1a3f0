from __future__ import annotations

import asyncio

import pytest

from dashboard.held import Held


def test_the_same_question_is_answered_once_and_the_oldest_answer_goes() -> None:
    made: list[str] = []

    async def story() -> None:
        held: Held[str] = Held(most=2)

        async def ask(key: str) -> str:
            async def make() -> str:
                made.append(key)
                return key.upper()

            return await held.of(key, make)

        for key in ("a", "b", "a", "c", "a", "b"):
            assert await ask(key) == key.upper()

    asyncio.run(story())
    assert made == ["a", "b", "c", "b"]


def test_a_failure_is_not_kept() -> None:
    async def story() -> str:
        held: Held[str] = Held()

        async def fail() -> str:
            raise OSError

        async def answer() -> str:
            return "answer"

        with pytest.raises(OSError):
            await held.of("a", fail)
        return await held.of("a", answer)

    assert asyncio.run(story()) == "answer"


def test_who_asks_the_same_at_the_same_time_waits_for_the_one_answer() -> None:
    made: list[int] = []

    async def story() -> list[int]:
        held: Held[int] = Held()

        async def make() -> int:
            made.append(1)
            await asyncio.sleep(0)
            return len(made)

        return await asyncio.gather(*(held.of("a", make) for _ in range(20)))

    assert asyncio.run(story()) == [1] * 20
