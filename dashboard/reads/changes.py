"""Returns of posts at one horizon, from `post_prices`: price(horizon) / price(0) - 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.database import Document, Tables

MOST_AT_ONCE = 100_000


@dataclass(frozen=True)
class Change:
    """`status`: that of the later price; None while there is no row of it."""

    coin: str
    value: float | None
    status: str | None


async def of_posts(tables: Tables, posts: Sequence[Document], horizon: int) -> dict[str, list[Change]]:
    """By the id of a post, in the order of its coins. Reads the rows by their ids."""
    ids = [f"{post['_id']}:{coin}:{at}" for post in posts for coin in post["currencies"] or () for at in (0, horizon)]
    rows = await tables.find(
        "post_prices", {"_id": {"$in": ids}}, fields=["_id", "price", "price_status"], limit=max(1, len(ids))
    )
    known = {row["_id"]: row for row in rows}
    return {
        post["_id"]: [
            _change(coin, known.get(f"{post['_id']}:{coin}:0"), known.get(f"{post['_id']}:{coin}:{horizon}"))
            for coin in post["currencies"] or ()
        ]
        for post in posts
    }


def _change(coin: str, first: Mapping[str, object] | None, later: Mapping[str, object] | None) -> Change:
    status = str(later["price_status"]) if later else None
    if first is not None and first["price_status"] == "missing":
        status = "missing"  # without a price at publication there is no return at any horizon
    return Change(coin, _return(first and first["price"], later and later["price"]), status)


def _return(first: object, later: object) -> float | None:
    known = isinstance(first, int | float) and isinstance(later, int | float) and first > 0
    return float(later) / float(first) - 1 if known else None  # type: ignore[arg-type]


async def largest_of_period(
    tables: Tables, start: datetime, end: datetime, horizon: int, coin: str | None
) -> dict[str, float]:
    """The largest absolute return of each post of a period, by the id of the post; of one coin where it is named."""
    where = {
        "horizon_minutes": {"$in": [0, horizon]},
        "published_at": {"$gte": start, "$lt": end},
        "price": {"$ne": None},
        **({"symbol": coin} if coin else {}),
    }
    fields = ["source", "post_id", "symbol", "horizon_minutes", "price"]
    rows = await tables.find("post_prices", where, fields=fields, limit=MOST_AT_ONCE)
    prices: dict[tuple[str, str], dict[int, float]] = {}
    for row in rows:
        key = (f"{row['source']}:{row['post_id']}", row["symbol"])
        prices.setdefault(key, {})[row["horizon_minutes"]] = row["price"]
    largest: dict[str, float] = {}
    for (post, _), pair in prices.items():
        value = _return(pair.get(0), pair.get(horizon))
        if value is not None:
            largest[post] = max(abs(value), largest.get(post, 0.0))
    return largest


def largest(changes: Iterable[Change]) -> float | None:
    """
    >>> largest([Change("BTC", -0.02, "exact"), Change("ETH", 0.01, "exact"), Change("XRP", None, None)])
    0.02
    """
    return max((abs(change.value) for change in changes if change.value is not None), default=None)
