"""The followed coins."""

from __future__ import annotations

from typing import Annotated

import anyio
from fastapi import APIRouter, Path, status

from dashboard.context import Here
from dashboard.models.base import Done
from dashboard.models.followed import Followed, FollowedCoin, NewCoin
from dashboard.params import COIN_PATTERN
from dashboard.reads import coins
from dashboard.refusals import NotThere
from newswake import followed as list_of_coins

router = APIRouter(tags=["followed"])


@router.get("/api/followed")
async def followed(context: Here) -> Followed:
    """The followed coins and how far each is."""
    return await coins.followed(context)


@router.post("/api/followed", status_code=status.HTTP_201_CREATED)
async def follow(context: Here, new: NewCoin) -> FollowedCoin:
    """Wish for a coin. It is `checking` until the candle producer has asked the exchange, then followed or refused."""
    found = await anyio.to_thread.run_sync(list_of_coins.add, context.database, new.coin)
    return await coins.as_shown(context, found)


@router.delete("/api/followed/{coin}")
async def unfollow(context: Here, coin: Annotated[str, Path(max_length=32, pattern=COIN_PATTERN)]) -> Done:
    """Stop following; what is stored of it stays. 404 where it is not on the list."""
    if not await anyio.to_thread.run_sync(list_of_coins.remove, context.database, coin):
        raise NotThere(f"{coin.upper()} is not on the list")
    return Done()
