"""Posts as the list shows them, in three orders, page by page."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from pydantic import ValidationError

from dashboard.context import Context
from dashboard.database import Document
from dashboard.links import safe_link
from dashboard.models.posts import CoinChange, Post, Posts, SourceCount, Sources, Votes
from dashboard.moments import newest_close
from dashboard.reads import changes
from dashboard.reads.cursor import Place
from dashboard.reads.filters import PostFilter
from dashboard.reads.usual import tone_of
from dashboard.surprises import Surprises
from newswake.clock import from_ms, to_ms
from newswake.messages import VOTE_KINDS

surprises = Surprises(logging.getLogger(__name__))

Sort = Literal["time", "votes", "move"]
Order = Literal["desc", "asc"]

NO_REACTIONS: Final = ("saved", "comments")
REACTIONS: Final = tuple(kind for kind in VOTE_KINDS if kind not in NO_REACTIONS)
MOVES_PERIOD: Final = timedelta(days=31)
MOST_RANKED: Final = 20_000
POLITE: Final = 100


async def page(
    context: Context, which: PostFilter, sort: Sort, order: Order, horizon: int, cursor: str | None, limit: int
) -> Posts:
    """The posts after `cursor`. Raises `Invalid` for a cursor of another order."""
    place = Place.read(cursor, f"{sort}:{order}:{horizon if sort == 'move' else ''}")
    if sort == "move":
        found, values = await _by_move(context, which, order, horizon, place, limit + 1)
    else:
        found, values = await _by_value(context, which, sort, order, place, limit + 1)
    shown, more = found[:limit], len(found) > limit
    following = None
    if more:
        last = shown[-1]["_id"]
        following = Place(f"{sort}:{order}:{horizon if sort == 'move' else ''}", values[last], last).written()
    return Posts(posts=await as_shown(context, shown, horizon), next=following, horizon_minutes=horizon)


async def as_shown(context: Context, documents: Sequence[Document], horizon: int) -> list[Post]:
    """Documents of `posts` as the page shows them, with their returns at one horizon.

    What is no post, whoever wrote it, is left out: it must not take the others with it.
    """
    now = await newest_close(context.tables)
    bare = [post for document in documents if (post := _fitting(document)) is not None]
    fitting = [{"_id": post.id, "currencies": post.coins} for post in bare]
    by_post = await changes.of_posts(context.tables, fitting, horizon)
    shown = []
    for number, post in enumerate(bare):
        if number % POLITE == 0:
            await asyncio.sleep(0)  # thousands of posts are a file; others want an answer meanwhile
        of_post = by_post[post.id]
        coins = [
            CoinChange(
                coin=change.coin,
                change=change.value,
                tone=tone_of(change.value, change.status, await _usual(context, change, horizon, now)),
            )
            for change in of_post
        ]
        shown.append(post.model_copy(update={"changes": coins, "largest_move": changes.largest(of_post)}))
    return shown


def _fitting(document: Document) -> Post | None:
    try:
        return _post(document)
    except (KeyError, TypeError, AttributeError, ValidationError) as error:
        surprises.tell(f"the document {document.get('_id')!r} of posts is no post, and is not shown", error)
        return None


async def _usual(context: Context, change: changes.Change, horizon: int, now: datetime | None) -> float | None:
    return await context.usual.of(change.coin, horizon, now) if now and change.value is not None else None


def _post(document: Document) -> Post:
    """Without its returns."""
    votes = votes_of(document.get("votes"))
    hot_at = document.get("hot_at")
    return Post(
        id=document["_id"],
        source=document["source"],
        kind=document.get("kind"),
        title=document.get("title") or "",
        link=safe_link(document.get("url")),
        domain=document.get("domain"),
        published_at=document["published_at"],
        first_seen_at=document.get("first_seen_at"),
        hot=True if hot_at else document.get("hot"),
        hot_at=hot_at,
        coins=list(document.get("currencies") or ()),
        votes=votes,
        reactions=reactions(votes),
        panic_score=document.get("panic_score"),
        changes=[],
        largest_move=None,
    )


def votes_of(votes: Mapping[str, Any] | None) -> Votes | None:
    """The votes, None where not one kind is known."""
    known = {kind: (votes or {}).get(kind) for kind in VOTE_KINDS}
    return Votes(**known) if any(count is not None for count in known.values()) else None


def reactions(votes: Votes | None) -> int | None:
    """
    >>> reactions(Votes(positive=3, lol=1, comments=9)), reactions(None)
    (4, None)
    """
    counts = [count for kind in REACTIONS if (count := getattr(votes, kind, None)) is not None]
    return sum(counts) if counts else None


async def _by_value(
    context: Context, which: PostFilter, sort: Sort, order: Order, place: Place | None, limit: int
) -> tuple[list[Document], dict[str, float | None]]:
    """By a value that MongoDB knows: the time of publication, or the sum of the reactions (unknown is below 0)."""
    down = order == "desc"
    direction, beyond = (-1, "$lt") if down else (1, "$gt")
    if sort == "time":
        after: dict[str, Any] = {}
        if place is not None:
            at = from_ms(int(place.value or 0))
            after = {"$or": [{"published_at": {beyond: at}}, {"published_at": at, "_id": {beyond: place.id}}]}
        where = {"$and": [which.where(), after]} if after else which.where()
        found = await context.tables.find(
            "posts", where, sort=[("published_at", direction), ("_id", direction)], limit=limit
        )
        return found, {post["_id"]: to_ms(post["published_at"]) for post in found}
    stages: list[dict[str, Any]] = [{"$match": which.where()}, {"$addFields": {"reactions": _REACTIONS_STAGE}}]
    if place is not None:
        value = place.value
        stages.append(
            {"$match": {"$or": [{"reactions": {beyond: value}}, {"reactions": value, "_id": {beyond: place.id}}]}}
        )
    stages.append({"$sort": {"reactions": direction, "_id": direction}})
    found = await context.tables.aggregate("posts", stages, limit=limit)
    return found, {post["_id"]: post["reactions"] for post in found}


_REACTIONS_STAGE: Final[dict[str, Any]] = {
    "$cond": [
        {"$or": [{"$gt": [f"$votes.{kind}", None]} for kind in REACTIONS]},
        {"$sum": [f"$votes.{kind}" for kind in REACTIONS]},
        -1,
    ]
}


async def _by_move(
    context: Context, which: PostFilter, order: Order, horizon: int, place: Place | None, limit: int
) -> tuple[list[Document], dict[str, float | None]]:
    """By the largest absolute return; what is not measured comes last, in either order.

    Without a period the 31 days before now are ranked: this order is not one that an index has.
    """
    end = which.end or (await newest_close(context.tables)) or datetime.now().astimezone()
    start = which.start or end - MOVES_PERIOD
    within = replace(which, start=start, end=end)
    rows = await context.tables.find(
        "posts", within.where(), fields=["_id"], sort=[("published_at", -1)], limit=MOST_RANKED
    )
    moves = await changes.largest_of_period(context.tables, start, end, horizon, which.coin)
    sign = -1.0 if order == "desc" else 1.0

    def rank(id: str, move: float | None) -> tuple[bool, float, str]:
        return move is None, sign * (move or 0.0), id

    ranked = sorted(rank(row["_id"], moves.get(row["_id"])) for row in rows)
    if place is not None:
        last = rank(place.id, place.value)
        ranked = [entry for entry in ranked if entry > last]
    ids = [id for _, _, id in ranked[:limit]]
    documents = await context.tables.find("posts", {"_id": {"$in": ids}}, limit=max(1, len(ids)))
    by_id = {document["_id"]: document for document in documents}
    return [by_id[id] for id in ids if id in by_id], {id: moves.get(id) for id in ids}


async def sources(context: Context) -> Sources:
    """Every source with its number of posts, its newest one, and whether it has votes."""
    stages: list[dict[str, Any]] = [
        {
            "$group": {
                "_id": "$source",
                "posts": {"$sum": 1},
                "newest": {"$max": "$published_at"},
                "votes": {"$max": {"$gt": ["$votes", None]}},
            }
        },
        {"$sort": {"posts": -1, "_id": 1}},
    ]
    rows = await context.tables.aggregate("posts", stages, limit=500)
    return Sources(
        sources=[
            SourceCount(source=row["_id"], posts=row["posts"], newest=row["newest"], votes=row["votes"]) for row in rows
        ]
    )
