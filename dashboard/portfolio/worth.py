"""What holdings are worth at given prices (pure). Amounts of money are in the quote's currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.models.portfolio import Holding, MovedBy, Portfolio
from dashboard.portfolio.holdings import Held


@dataclass(frozen=True)
class Price:
    """The close of a coin's newest candle, and when that candle closed."""

    value: float
    at: datetime


def worth(
    held: Sequence[Held],
    prices: Mapping[str, Price],
    moved_by: Sequence[MovedBy],
    *,
    quote: str,
    now: datetime | None,
) -> Portfolio:
    """Each holding and the whole.

    A holding whose coin has no price has no value, which is not 0: value, profit and shares of the whole are those of
    the holdings that have one, and `unpriced` names the others. `cost` is that of all.
    """
    values = {one.id: one.amount * prices[one.coin].value for one in held if one.coin in prices}
    total = sum(values.values()) if values else None
    paid = sum(one.amount * one.paid for one in held if one.id in values)
    return Portfolio(
        quote=quote,
        now=now,
        holdings=[_holding(one, prices.get(one.coin), total) for one in held],
        cost=sum(one.amount * one.paid for one in held),
        value=total,
        profit=None if total is None else total - paid,
        unpriced=sorted({one.coin for one in held if one.id not in values}),
        moved_by=list(moved_by),
    )


def _holding(held: Held, price: Price | None, total: float | None) -> Holding:
    cost = held.amount * held.paid
    value = None if price is None else held.amount * price.value
    profit = None if value is None else value - cost
    return Holding(
        id=held.id,
        coin=held.coin,
        amount=held.amount,
        paid=held.paid,
        price=None if price is None else price.value,
        price_at=None if price is None else price.at,
        cost=cost,
        value=value,
        profit=profit,
        # What was got for nothing has no return.
        profit_share=None if profit is None or not cost else profit / cost,
        share=None if value is None or not total else value / total,
    )
