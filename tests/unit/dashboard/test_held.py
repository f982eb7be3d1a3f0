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


def test_who_asks_while_it_is_made_waits_for_that_answer_though_the_first_has_left() -> None:
    made: list[str] = []

    async def story() -> list[str]:
        held: Held[str] = Held()
        go_on = asyncio.Event()

        async def make() -> str:
            made.append("once")
            await go_on.wait()
            return "answer"

        first, second, third = (asyncio.create_task(held.of("a", make)) for _ in range(3))
        while not made:
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        go_on.set()
        return [await second, await third, await held.of("a", make)]

    assert asyncio.run(story()) == ["answer"] * 3
    assert made == ["once"]


def test_all_who_wait_hear_of_the_failure_and_the_next_one_asks_again() -> None:
    async def story() -> list[object]:
        held: Held[str] = Held()

        async def fail() -> str:
            await asyncio.sleep(0)
            raise OSError

        async def answer() -> str:
            return "answer"

        heard = await asyncio.gather(held.of("a", fail), held.of("a", fail), return_exceptions=True)
        return [*map(type, heard), await held.of("a", answer)]

    assert asyncio.run(story()) == [OSError, OSError, "answer"]
