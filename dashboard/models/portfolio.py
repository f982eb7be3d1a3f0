"""Holdings, kept on this machine, and what news did to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dashboard.models.base import Answer
from dashboard.models.followed import NewCoin


class Holding(Answer):
    """`paid` is the price of one coin in the quote's currency; `cost`, `value`, `profit` are for the whole amount."""

    id: str
    coin: str
    amount: float
    paid: float
    price: float | None
    price_at: AwareDatetime | None
    cost: float
    value: float | None
    profit: float | None
    profit_share: float | None
    share: float | None


class MovedBy(Answer):
    """A post of the last day and what it is worth: amount x (price at the horizon - price at publication).

    `horizon_minutes` is the longest that is measured so far.
    """

    post_id: str
    title: str
    published_at: AwareDatetime
    coin: str
    horizon_minutes: int
    change: float
    effect: float


class Portfolio(Answer):
    quote: str
    now: AwareDatetime | None
    holdings: list[Holding]
    cost: float
    value: float | None
    profit: float | None
    unpriced: list[str]
    moved_by: list[MovedBy]


class NewHolding(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    coin: Annotated[str, *NewCoin.model_fields["coin"].metadata]
    amount: Annotated[float, Field(gt=0, le=1e15)]
    paid: Annotated[float, Field(ge=0, le=1e12)]
