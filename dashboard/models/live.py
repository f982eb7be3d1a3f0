"""The messages of the WebSocket `/api/live`, in both directions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dashboard.models.base import Answer
from dashboard.models.candles import Bar
from dashboard.models.card import Wake
from dashboard.models.health import Health
from dashboard.models.portfolio import Portfolio
from dashboard.models.posts import Post
from dashboard.models.session import Ticker

Topic = Annotated[str, Field(min_length=1, max_length=700)]
TOPICS_AT_ONCE = 64


class Request(BaseModel):
    """What a client sends: topics to begin or to end with. All topics are in contract.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    op: Literal["subscribe", "unsubscribe"]
    topics: Annotated[list[Topic], Field(min_length=1, max_length=TOPICS_AT_ONCE)]


class Hello(Answer):
    """The first message. `started` is another text for each start of the server: where it changed, load anew."""

    type: Literal["hello"] = "hello"
    started: str
    server_time: AwareDatetime
    database: Literal["up", "away"]


class Subscribed(Answer):
    """All topics that this client has now, after each request."""

    type: Literal["subscribed"] = "subscribed"
    topics: list[str]


class Candle(Answer):
    """Topic `candles:COIN:INTERVAL`: the newest bar, or one before it that changed; replace the bar of that time.

    Where `bar.forming`, it holds the open minute and is only to be looked at.
    """

    type: Literal["candle"] = "candle"
    topic: str
    coin: str
    interval: str
    bar: Bar
    now: AwareDatetime


class PostChanged(Answer):
    """Topic `posts`: a post that is new, or that changed (votes, hot, prices)."""

    type: Literal["post"] = "post"
    topic: str
    new: bool
    post: Post


class WakeChanged(Answer):
    """Topic `post_prices:POST ID`: the post's wakes, whole, after one of its prices came."""

    type: Literal["wakes"] = "wakes"
    topic: str
    id: str
    wakes: list[Wake]


class CoinsChanged(Answer):
    """Topic `coins`: all tickers, at most once a second."""

    type: Literal["coins"] = "coins"
    topic: str
    coins: list[Ticker]


class HealthChanged(Answer):
    """Topic `health`: at each change and every 10 seconds."""

    type: Literal["health"] = "health"
    topic: str
    health: Health


class PortfolioChanged(Answer):
    """Topic `portfolio`: at each new price of a holding, at most once a second."""

    type: Literal["portfolio"] = "portfolio"
    topic: str
    portfolio: Portfolio


class FollowedChanged(Answer):
    """Topic `followed`: the list of followed coins changed; ask for it again."""

    type: Literal["followed"] = "followed"
    topic: str


class Resync(Answer):
    """Something may have been missed (database was away, or this client was too slow): ask for these again."""

    type: Literal["resync"] = "resync"
    topics: list[str]
    reason: Literal["database", "slow"]


class DatabaseChanged(Answer):
    """To everybody: the database went away or is there again (then a `resync` follows)."""

    type: Literal["database"] = "database"
    state: Literal["up", "away"]


class Trouble(Answer):
    """A request that was not understood; the connection goes on."""

    type: Literal["error"] = "error"
    sentence: str


Message = Annotated[
    Hello | Subscribed | Candle | PostChanged | WakeChanged | CoinsChanged | HealthChanged | PortfolioChanged
    | FollowedChanged | Resync | DatabaseChanged | Trouble,
    Field(discriminator="type"),
]  # fmt: skip
