"""The followed coins, as the page adds and removes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dashboard.models.base import Answer

CoinState = Literal["checking", "backfilling", "following", "refused"]


class FollowedCoin(Answer):
    """`checking`: the candle producer is asking the exchange; `backfilling`: its history is being fetched;
    `refused`: the exchange has no market of it (or has stopped it), and `words` says so; add it again to ask again.
    """

    coin: str
    added_at: AwareDatetime
    state: CoinState
    words: str
    market: str | None
    candles_from: AwareDatetime | None
    newest_candle: AwareDatetime | None


class Followed(Answer):
    exchange: str
    quote: str
    coins: list[FollowedCoin]


class NewCoin(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    coin: Annotated[str, Field(min_length=1, max_length=32, pattern=r'^[^\s{}\[\]":/$\x00-\x1f]+$')]
