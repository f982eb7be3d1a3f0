"""Who listens to what, and what has changed since it was last told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel

from dashboard.live.outbox import Outbox
from dashboard.models.live import DatabaseChanged, Resync

# More than this is no trickle that somebody follows, but history that is being written.
MOST_MINUTES: Final = 3_000
MOST_POSTS: Final = 100


@dataclass
class Changes:
    """`minutes`: open times of new candles by coin. `posts`: by id, whether they are new. `prices`: ids of posts.

    `flood` names kinds of which there were too many to tell one by one.
    """

    minutes: dict[str, set[datetime]] = field(default_factory=dict)
    posts: dict[str, bool] = field(default_factory=dict)
    prices: set[str] = field(default_factory=set)
    followed: bool = False
    flood: set[Literal["candles", "posts"]] = field(default_factory=set)

    def candle(self, coin: str, opened: datetime) -> None:
        self.minutes.setdefault(coin, set()).add(opened)
        if len(self.minutes[coin]) > MOST_MINUTES:
            self.flood.add("candles")
            self.minutes[coin] = {opened}

    def post(self, id: str, new: bool) -> None:
        if len(self.posts) >= MOST_POSTS and id not in self.posts:
            self.flood.add("posts")
            return
        self.posts[id] = new or self.posts.get(id, False)

    def price(self, post: str) -> None:
        self.prices.add(post)
        self.post(post, new=False)
        if len(self.prices) > 10 * MOST_POSTS:
            self.prices.clear()
            self.flood.add("posts")


class Hub:
    """The clients' outboxes, and the changes that wait for the next round of telling."""

    def __init__(self) -> None:
        self._outboxes: set[Outbox] = set()
        self._changes = Changes()
        self._changed = asyncio.Event()
        self.database: Literal["up", "away"] = "up"
        self.stale_coins = asyncio.Event()

    @property
    def clients(self) -> int:
        return len(self._outboxes)

    def join(self, outbox: Outbox) -> None:
        self._outboxes.add(outbox)

    def leave(self, outbox: Outbox) -> None:
        self._outboxes.discard(outbox)

    def topics(self) -> set[str]:
        """All topics that anybody has."""
        return set().union(*(outbox.topics for outbox in self._outboxes))

    def tell(self, topic: str, message: BaseModel, key: str = "") -> None:
        """Send a message to those who have the topic; written once, whoever many they are."""
        listeners = [outbox for outbox in self._outboxes if topic in outbox.topics]
        if listeners:
            text = message.model_dump_json()
            for outbox in listeners:
                outbox.put(f"{topic}|{key}", text)

    def tell_to_ask_again(self, topics: Iterable[str]) -> None:
        """Those who have any of these topics have missed something of it."""
        wanted = set(topics)
        for outbox in self._outboxes:
            if mine := sorted(wanted & outbox.topics):
                outbox.put(f"resync|{mine}", Resync(topics=mine, reason="database").model_dump_json())

    def went_away(self) -> None:
        self._show("away")

    def came_back(self) -> None:
        """The change stream is open (again). What changed before it was is not in it."""
        self._show("up")
        self.tell_to_ask_again(self.topics())

    def _show(self, state: Literal["up", "away"]) -> None:
        if state != self.database:
            self.database = state
            text = DatabaseChanged(state=state).model_dump_json()
            for outbox in self._outboxes:
                outbox.put("database", text)

    # --- what changed -----------------------------------------------------------------------------------------

    def note(self, event: dict[str, Any]) -> None:
        """Take an event of the change stream (`live.stream` says in which form).

        What is no row of ours, whoever wrote it, is left out.
        """
        document = event.get("fullDocument") or {}
        match event["ns"]["coll"], document, event["documentKey"]["_id"]:
            case "candles", {"symbol": str(symbol), "open_time": datetime() as opened}, _:
                self._changes.candle(symbol, opened)
            case "posts", _, str(id):
                self._changes.post(id, event["operationType"] == "insert")
            case "post_prices", {"source": str(source), "post_id": str(post)}, _:
                self._changes.price(f"{source}:{post}")
            case "followed_coins", _, _:
                self._changes.followed = True
        self._changed.set()

    async def changes(self) -> Changes:
        """What has changed since the last call; waits for something."""
        await self._changed.wait()
        self._changed.clear()
        found, self._changes = self._changes, Changes()
        return found
