"""What the loop knows of a source: its name, and what one poll of it gave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from newswake.errors import SourceError
from newswake.messages import Observation, Votes
from producers.states import Condition


@dataclass(frozen=True)
class Draft:
    """A post as its source gave it.

    `dated`: `published_at` can be believed; where it cannot, the time at which the post was first seen bounds it.
    """

    id: str
    title: str
    published_at: datetime | None
    dated: bool = True
    kind: str | None = None
    url: str | None = None
    domain: str | None = None
    created_at: datetime | None = None
    hot: bool | None = None
    currencies: tuple[str, ...] = ()
    votes: Votes | None = None
    panic_score: int | None = None

    def observed(self, source: str, published_at: datetime, seen_at: datetime) -> Observation:
        """Raises `pydantic.ValidationError` when a field does not fit the contract."""
        fields = {name: value for name, value in vars(self).items() if name != "dated"}
        return Observation(**{**fields, "source": source, "published_at": published_at, "seen_at": seen_at})


@dataclass(frozen=True)
class Poll:
    """What one poll gave: posts, and where it did not come to its end, why.

    `read_until` is the time up to which the source was read (for the heartbeat), None where that is not known.
    `condition` and `reason` describe a source that answered.
    """

    drafts: tuple[Draft, ...] = ()
    error: SourceError | None = None
    read_until: datetime | None = None
    condition: Condition = Condition.OK
    reason: str = "is read"


class Source(Protocol):
    """A place that posts come from. Polled by one thread only."""

    @property
    def name(self) -> str: ...

    def ready_at(self, now: datetime) -> datetime:
        """When it may be polled: `now`, or later where a quota says so."""
        ...

    def poll(self, now: datetime) -> Poll:
        """Ask once. Errors of the source are in the result, with what was read before them."""
        ...

    def published(self) -> None:
        """Called when everything of the last poll has arrived: only now may it ask for changes alone."""
        ...
