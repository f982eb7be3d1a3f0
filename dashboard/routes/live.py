"""The WebSocket: requests for topics come in, messages go out, each at its own pace."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import anyio
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ValidationError

from dashboard import context as contexts
from dashboard.live.outbox import Outbox
from dashboard.live.topics import UnknownTopic, topic_of
from dashboard.models.live import TOPICS_AT_ONCE, Hello, Request, Subscribed, Trouble

router = APIRouter()

SEND_SECONDS: Final = 10.0
TRY_AGAIN_LATER: Final = 1013


@router.websocket("/api/live")
async def live(websocket: WebSocket) -> None:
    context = contexts.of(websocket)
    hub = context.hub
    await websocket.accept()
    if hub.clients >= context.settings.dashboard.max_clients:
        await websocket.close(TRY_AGAIN_LATER, "too many clients")
        return
    outbox = Outbox()
    _reply(outbox, Hello(started=context.started, server_time=datetime.now(UTC), database=hub.database))
    hub.join(outbox)
    try:
        await _both_ways(websocket, outbox)
    finally:
        hub.leave(outbox)


async def _both_ways(websocket: WebSocket, outbox: Outbox) -> None:
    """Until the client leaves, or is too slow to take what is sent."""
    async with anyio.create_task_group() as group:

        async def send() -> None:
            await _send(websocket, outbox)
            group.cancel_scope.cancel()

        group.start_soon(send)
        with suppress(WebSocketDisconnect):
            await _hear(websocket, outbox)
        group.cancel_scope.cancel()


async def _hear(websocket: WebSocket, outbox: Outbox) -> None:
    while True:
        received = await websocket.receive()
        if received["type"] == "websocket.disconnect":
            return
        try:
            request = Request.model_validate_json(received.get("text") or b"")
            topics = set(request.topics)
            for topic in topics:
                topic_of(topic)
        except ValidationError as error:
            _reply(outbox, Trouble(sentence=f"This is no request: {error.errors()[0]['msg']}"))
            continue
        except UnknownTopic as error:
            _reply(outbox, Trouble(sentence=str(error)))
            continue
        wanted = outbox.topics | topics if request.op == "subscribe" else outbox.topics - topics
        if len(wanted) > TOPICS_AT_ONCE:
            _reply(outbox, Trouble(sentence=f"A client has {TOPICS_AT_ONCE} topics at the most"))
            continue
        outbox.topics = wanted
        _reply(outbox, Subscribed(topics=sorted(wanted)))


async def _send(websocket: WebSocket, outbox: Outbox) -> None:
    """Until the client is gone, or does not take a message in time; then it is told to come again."""
    while True:
        text = await outbox.take()
        try:
            with anyio.fail_after(SEND_SECONDS):
                await websocket.send_text(text)
        except TimeoutError:
            with anyio.move_on_after(SEND_SECONDS), suppress(WebSocketDisconnect, RuntimeError):
                await websocket.close(TRY_AGAIN_LATER, "too slow")
            return
        except (WebSocketDisconnect, RuntimeError):  # it left while the text was under way
            return


def _reply(outbox: Outbox, message: BaseModel) -> None:
    outbox.put(type(message).__name__, message.model_dump_json())
