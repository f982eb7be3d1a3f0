"""Which posts moved the holdings, and by how much (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.models.portfolio import MovedBy
from dashboard.portfolio.holdings import Held


@dataclass(frozen=True)
class Wake:
    """What was measured after one post on one coin: prices by horizon (minutes), missing ones left out."""

    post: str
    coin: str
    published_at: datetime
    prices: Mapping[int, float]

    def measured(self, horizon: int | None) -> int | None:
        """The horizon itself where it has a price, or the longest that has; None where nothing can be compared."""
        known = [one for one in self.prices if one > 0] if 0 in self.prices else []
        if horizon is not None:
            return horizon if horizon in known else None
        return max(known, default=None)


def wakes_of(rows: Iterable[Mapping[str, Any]]) -> list[Wake]:
    """Rows of `post_prices` -> one wake a post and coin, in the order of the rows."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    published: dict[tuple[str, str], datetime] = {}
    for row in rows:
        key = (f"{row['source']}:{row['post_id']}", row["symbol"])
        published.setdefault(key, row["published_at"])
        prices = found.setdefault(key, {})
        if row["price"]:  # a price of 0 is none: nothing can be measured by it
            prices[row["horizon_minutes"]] = row["price"]
    return [Wake(post, coin, published[post, coin], prices) for (post, coin), prices in found.items()]


@dataclass(frozen=True)
class Effect:
    """What a wake did to a holding: `change` is a fraction, `effect` an amount of money."""

    wake: Wake
    horizon_minutes: int
    change: float
    effect: float


def effects(held: Sequence[Held], wakes: Iterable[Wake], *, horizon: int | None, most: int) -> list[Effect]:
    """The largest effects first, at the given horizon, or each at the longest that is measured so far.

    effect = amount held x (price at the horizon - price at publication). Posts that came close together share one move
    of the market, so effects cannot be added up.
    """
    amounts: dict[str, float] = {}
    for one in held:
        amounts[one.coin] = amounts.get(one.coin, 0.0) + one.amount
    found = []
    for wake in wakes:
        at = wake.measured(horizon)
        if at is not None and wake.coin in amounts:
            before, after = wake.prices[0], wake.prices[at]
            found.append(Effect(wake, at, after / before - 1, amounts[wake.coin] * (after - before)))
    return sorted(found, key=lambda one: -abs(one.effect))[:most]


def shown(effect: Effect, title: str) -> MovedBy:
    return MovedBy(
        post_id=effect.wake.post,
        title=title,
        published_at=effect.wake.published_at,
        coin=effect.wake.coin,
        horizon_minutes=effect.horizon_minutes,
        change=effect.change,
        effect=effect.effect,
    )
