"""Alerts: channels, rules, a test, and the log of what was sent."""

from __future__ import annotations

from typing import Annotated

import anyio
from fastapi import APIRouter, Path, Query, status

from dashboard.alerts import journal, store
from dashboard.context import Here
from dashboard.models.alerts import AlertLog, AlertRules, Alerts, Channel, NewChannel, Tested
from dashboard.models.base import Done
from dashboard.params import Cursor

router = APIRouter(tags=["alerts"])

ChannelId = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")]


@router.get("/api/alerts")
async def alerts(context: Here) -> Alerts:
    """The channels, masked, and the rules."""
    return await anyio.to_thread.run_sync(store.read, context.settings)


@router.put("/api/alerts/rules")
async def set_rules(context: Here, rules: AlertRules) -> AlertRules:
    """Replace the rules."""
    return await anyio.to_thread.run_sync(store.set_rules, context.settings, rules)


@router.post("/api/alerts/channels", status_code=status.HTTP_201_CREATED)
async def add_channel(context: Here, new: NewChannel) -> Channel:
    """Add a channel; 422 where apprise does not know the address."""
    return await anyio.to_thread.run_sync(store.add_channel, context.settings, new)


@router.delete("/api/alerts/channels/{id}")
async def remove_channel(context: Here, id: ChannelId) -> Done:
    """Remove a channel; 404 where there is none of this id."""
    await anyio.to_thread.run_sync(store.remove_channel, context.settings, id)
    return Done()


@router.post("/api/alerts/channels/{id}/test")
async def test_channel(context: Here, id: ChannelId) -> Tested:
    """Send a test message; whether it was delivered, and why not."""
    return await anyio.to_thread.run_sync(store.test_channel, context.settings, context.database, id)


@router.get("/api/alerts/log")
async def log(context: Here, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> AlertLog:
    """What was sent or held back, newest first."""
    return await anyio.to_thread.run_sync(journal.log, context.database, cursor, limit)
