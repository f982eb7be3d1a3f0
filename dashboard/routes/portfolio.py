"""Holdings, kept on this machine."""

from __future__ import annotations

from typing import Annotated

import anyio
from fastapi import APIRouter, Path, status

from dashboard import portfolio as holdings
from dashboard.context import Context, Here
from dashboard.models.base import Done
from dashboard.models.portfolio import Holding, NewHolding, Portfolio
from dashboard.moments import newest_close

router = APIRouter(tags=["portfolio"])

HoldingId = Annotated[str, Path(pattern=r"^[0-9a-f]{8,32}$")]


async def shown(context: Context) -> Portfolio:
    now = await newest_close(context.tables)
    return await anyio.to_thread.run_sync(holdings.portfolio, context.database, context.settings, now)


async def _one(context: Context, id: str) -> Holding:
    return next(one for one in (await shown(context)).holdings if one.id == id)


@router.get("/api/portfolio")
async def portfolio(context: Here) -> Portfolio:
    """Holdings with value and profit, and which posts of the last day moved them."""
    return await shown(context)


@router.post("/api/portfolio", status_code=status.HTTP_201_CREATED)
async def add(context: Here, new: NewHolding) -> Holding:
    """Add a holding."""
    return await _one(context, await anyio.to_thread.run_sync(holdings.add, context.settings, new))


@router.put("/api/portfolio/{id}")
async def change(context: Here, id: HoldingId, new: NewHolding) -> Holding:
    """Replace a holding; 404 where there is none of this id."""
    await anyio.to_thread.run_sync(holdings.change, context.settings, id, new)
    return await _one(context, id)


@router.delete("/api/portfolio/{id}")
async def remove(context: Here, id: HoldingId) -> Done:
    """Remove a holding; 404 where there is none of this id."""
    await anyio.to_thread.run_sync(holdings.remove, context.settings, id)
    return Done()
