"""Posts as a list shows them."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from dashboard.models.base import Answer

# Direction of a measured return: beyond half of the usual absolute move it has a colour; open: not yet measured.
Tone = Literal["up", "down", "flat", "open", "missing"]


class Votes(Answer):
    """Counts by kind; null where the source does not say, which is not 0."""

    negative: int | None = None
    positive: int | None = None
    important: int | None = None
    liked: int | None = None
    disliked: int | None = None
    lol: int | None = None
    toxic: int | None = None
    saved: int | None = None
    comments: int | None = None


class CoinChange(Answer):
    """The return of one coin of a post at the horizon that was asked for."""

    coin: str
    change: float | None
    tone: Tone


class Post(Answer):
    """`id` is source:post id. `link` is null unless it is http or https. `hot`: listed as hot, now or once; null where
    the source does not say. `reactions`: the sum of all votes but `saved` and `comments`; null where there are none.
    """

    id: str
    source: str
    kind: str | None
    title: str
    link: str | None
    domain: str | None
    published_at: AwareDatetime
    first_seen_at: AwareDatetime | None
    hot: bool | None
    hot_at: AwareDatetime | None
    coins: list[str]
    votes: Votes | None
    reactions: int | None
    panic_score: float | None
    changes: list[CoinChange]
    largest_move: float | None


class Posts(Answer):
    """`next` is the value of `cursor` for the posts after these, null at the end.

    It names a place in the order, not a number of rows: posts that arrive meanwhile move nothing. Where votes or moves
    change between two pages, a post may come twice; its `id` tells.
    """

    posts: list[Post]
    next: str | None
    horizon_minutes: int


class Sources(Answer):
    """The sources that have posts, and how many; the newest post of each."""

    sources: list[SourceCount]


class SourceCount(Answer):
    source: str
    posts: int
    newest: AwareDatetime | None
    votes: bool
