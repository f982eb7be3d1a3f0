"""The card of one post: its four clocks, its votes, and its wake."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from dashboard.models.base import Answer, Milliseconds
from dashboard.models.posts import Post, Tone

PriceState = Literal["exact", "filled", "missing", "open", "waiting"]


class Clocks(Answer):
    """When it was published, entered by its source, first seen by us, and first listed as hot."""

    published_at: AwareDatetime
    created_at: AwareDatetime | None
    first_seen_at: AwareDatetime | None
    first_hot_at: AwareDatetime | None


class Horizon(Answer):
    """The price so many minutes after publication.

    `state`: exact; filled (carried forward, nobody traded); missing (no candle came); open (not yet); waiting (the
    time has come, the price is about to be joined). `words` says the same in words. `usual` is the median absolute
    return over as many minutes of this coin, in the 7 days before publication, from `usual_count` minutes;
    `times_usual` is |change| / usual.
    `change_since_seen`: from the first close after we saw the post to this price; null where that is not later.
    """

    minutes: int
    target_time: AwareDatetime
    state: PriceState
    words: str
    price: float | None
    change: float | None
    tone: Tone
    usual: float | None
    usual_count: int
    times_usual: float | None
    change_since_seen: float | None
    repaired_at: AwareDatetime | None


class SinceSeen(Answer):
    """What a reader could still have had: bought at the first close after we saw the post, held until now."""

    entry_time: AwareDatetime
    entry_price: float | None
    price_now: float | None
    now: AwareDatetime | None
    change: float | None
    words: str


class Window(Answer):
    """Closes from 30 minutes before to 4 hours after publication; `time` is when the minute CLOSED.

    `published` and `first_seen` are where to draw the two marks.
    """

    time: list[Milliseconds]
    close: list[float]
    published: Milliseconds
    first_seen: Milliseconds | None


class Wake(Answer):
    """One coin after the post. `followed`: it has candles; without them all its prices are missing."""

    coin: str
    followed: bool
    horizons: list[Horizon]
    since_seen: SinceSeen | None
    window: Window


class VoteHistory(Answer):
    """Every observation that we have of the post, by `time` of being seen, as columns; null where it did not say."""

    time: list[Milliseconds]
    hot: list[bool | None]
    negative: list[int | None]
    positive: list[int | None]
    important: list[int | None]
    liked: list[int | None]
    disliked: list[int | None]
    lol: list[int | None]
    toxic: list[int | None]
    saved: list[int | None]
    comments: list[int | None]


class Card(Answer):
    """`history` is null where the lake cannot be read at the moment, and `history_words` says why."""

    post: Post
    clocks: Clocks
    history: VoteHistory | None
    history_words: str
    wakes: list[Wake]
    now: AwareDatetime | None
    quote: str
