"""Who does not say what he wants is sent away; who does is answered, however long the answer takes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn

from dashboard import prompt

PATIENCE = 0.2
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def _slow_answer(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(2 * PATIENCE)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def _said(first: bytes, drip: bytes) -> bytes:
    """All that the server sends to a client that sends `first`, then `drip` again and again, until it closes."""
    server = uvicorn.Server(
        uvicorn.Config(_slow_answer, port=0, http=prompt.PromptProtocol, lifespan="off", log_config=None)
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())
    writer.write(first)
    reading = asyncio.create_task(reader.read())
    while not reading.done():
        writer.write(drip)
        await asyncio.wait([reading], timeout=0.02)
    writer.close()
    server.should_exit = True
    await serving
    return reading.result()


@pytest.mark.parametrize(
    "first", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", REQUEST + b"GET / HTTP/1.1\r\nX-Slow: "]
)
def test_a_head_that_does_not_end_is_not_waited_for(first: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt, "HEAD_SECONDS", PATIENCE)
    said = asyncio.run(asyncio.wait_for(_said(first, b"x"), 20))
    assert said.count(b"200 OK") == first.count(REQUEST)
