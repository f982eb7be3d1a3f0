"""How the server of the page ends: with all of its loops, whatever they take a cancellation for."""

from __future__ import annotations

import asyncio

from pymongo.errors import AutoReconnect

from dashboard.app import end


async def deaf(cancellations: int) -> None:
    """A loop whose driver reports the first cancellations as failures of the network, as PyMongo's can."""
    while True:
        try:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if not cancellations:
                    raise
                cancellations -= 1
                raise AutoReconnect("operation cancelled") from None
        except AutoReconnect:
            continue


async def broken() -> None:
    raise ValueError("a loop that failed before")


def test_loops_end_that_take_a_cancellation_for_a_failure_of_the_network() -> None:
    async def story() -> list[bool]:
        tasks = [asyncio.create_task(loop) for loop in (deaf(0), deaf(1), broken())]
        await asyncio.sleep(0)
        await asyncio.wait_for(end(tasks), 30)
        return [task.cancelled() for task in tasks]

    assert asyncio.run(story()) == [True, True, False]


def test_nothing_has_to_end_where_nothing_runs() -> None:
    asyncio.run(end([]))
