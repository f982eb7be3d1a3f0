from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from pymongo.errors import ExecutionTimeout

from dashboard.live import rounds
from dashboard.live.hub import Hub
from dashboard.live.outbox import Outbox


class SlowTables:
    async def one(self, *_: object, **__: object) -> None:
        raise ExecutionTimeout("operation exceeded time limit")


def test_a_change_that_could_not_be_told_is_asked_for_again_though_the_stream_goes_on() -> None:
    async def story() -> dict[str, Any]:
        hub, outbox = Hub(), Outbox()
        outbox.topics = {"candles:BTC:1m"}
        hub.join(outbox)
        context: Any = SimpleNamespace(hub=hub, tables=SlowTables())
        telling = asyncio.create_task(rounds.at_each_change(context))
        opened = datetime(2026, 3, 1, tzinfo=UTC)
        candle = {"symbol": "BTC", "open_time": opened}
        hub.note(
            {
                "ns": {"coll": "candles"},
                "operationType": "insert",
                "documentKey": {"_id": "one"},
                "fullDocument": candle,
            }
        )
        try:
            found: dict[str, Any] = json.loads(await asyncio.wait_for(outbox.take(), 10))
            return found
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    told = asyncio.run(story())
    assert (told["type"], told["topics"]) == ("resync", ["candles:BTC:1m"])
