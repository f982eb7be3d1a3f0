"""The list of posts, and the card of one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from dashboard.context import Here
from dashboard.models.card import Card
from dashboard.models.posts import Posts, Sources
from dashboard.params import Cursor, Horizon, PostId, WhichPosts
from dashboard.reads import card as cards
from dashboard.reads import posts as reads
from dashboard.routes.session import MOST_POSTS

router = APIRouter(tags=["posts"])


@router.get("/api/posts")
async def posts(
    context: Here,
    which: WhichPosts,
    sort: Annotated[reads.Sort, Query()] = "time",
    order: Annotated[reads.Order, Query()] = "desc",
    horizon: Horizon = 60,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MOST_POSTS)] = 50,
) -> Posts:
    """Posts; without `from` and `to` all of them, but for `sort=move`, which ranks 31 days at the most by default."""
    return await reads.page(context, which, sort, order, horizon, cursor, limit)


@router.get("/api/posts/card")
async def card(context: Here, id: PostId) -> Card:
    """One post with its clocks, the history of its votes, and its wake."""
    return await cards.card(context, id)


@router.get("/api/sources")
async def sources(context: Here) -> Sources:
    """The sources that have posts."""
    return await reads.sources(context)
