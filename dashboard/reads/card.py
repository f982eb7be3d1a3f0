"""The card of a post: the post, its clocks, what its votes were when, and its wakes."""

from __future__ import annotations

from typing import Final

import polars as pl

from analysis.frames import OBSERVATIONS
from dashboard.context import Context
from dashboard.database import Document
from dashboard.lake import LakeAway
from dashboard.models.card import Card, Clocks, VoteHistory
from dashboard.moments import newest_close
from dashboard.reads import posts, wake_of_post
from dashboard.refusals import NotThere
from newswake.clock import to_ms
from newswake.messages import VOTE_KINDS

HORIZON: Final = 60
MOST_OBSERVATIONS: Final = 5_000


async def card(context: Context, id: str) -> Card:
    """Raises `NotThere` for a post that is not stored."""
    document = await context.tables.one("posts", {"_id": id})
    if document is None:
        raise NotThere("There is no such post")
    shown = await posts.as_shown(context, [document], HORIZON)
    if not shown:
        raise NotThere("What is stored there is no post")
    history, words = await _history(context, document)
    return Card(
        post=shown[0],
        clocks=Clocks(
            published_at=document["published_at"],
            created_at=document.get("created_at"),
            first_seen_at=document.get("first_seen_at"),
            first_hot_at=document.get("hot_at"),
        ),
        history=history,
        history_words=words,
        wakes=await wake_of_post.wakes(context, document),
        now=await newest_close(context.tables),
        quote=context.settings.candles.quote,
    )


async def _history(context: Context, document: Document) -> tuple[VoteHistory | None, str]:
    try:
        rows = await context.heavy.thread(_observations, context, document)
    except LakeAway as error:
        return None, error.sentence
    if rows.is_empty():
        return None, "The lake has no observation of this post yet"
    votes = rows["votes"].struct
    words = f"{rows.height} observations" if rows.height > 1 else "seen once; it has not changed since"
    return VoteHistory(
        time=[to_ms(seen) for seen in rows["seen_at"]],
        hot=rows["hot"].to_list(),
        **{kind: votes.field(kind).to_list() for kind in VOTE_KINDS},
    ), words


def _observations(context: Context, document: Document) -> pl.DataFrame:
    """Every observation of the post; the time bounds are what lets the reader skip files."""
    first, last = document.get("first_seen_at") or document["seen_at"], document["seen_at"]
    condition = (
        pl.col("seen_at").is_between(first, last)
        & (pl.col("post_id") == document["post_id"])
        & (pl.col("source") == document["source"])
    )
    schema = {name: OBSERVATIONS[name] for name in ("seen_at", "hot", "votes")}
    return context.lake.read("posts", schema, condition, MOST_OBSERVATIONS, "seen_at").sort("seen_at")
