"""The followed coins, as the page adds and removes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dashboard.models.base import Answer

CoinState = Literal["followed", "backfilling", "waiting"]


class FollowedCoin(Answer):
    """`waiting`: the candle producer has not taken it up yet; `backfilling`: its history is being fetched."""

    coin: str
    added_at: AwareDatetime | None
    state: CoinState
    words: str
    candles_from: AwareDatetime | None
    newest_candle: AwareDatetime | None


class Followed(Answer):
    exchange: str
    quote: str
    coins: list[FollowedCoin]


class NewCoin(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    coin: Annotated[str, Field(min_length=1, max_length=32, pattern=r'^[^\s{}\[\]":/$\x00-\x1f]+$')]
