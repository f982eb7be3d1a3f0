"""What the rules look at, read from MongoDB."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.database import Database

from analysis.usual import DAYS, usual_moves
from dashboard.portfolio import holdings
from dashboard.portfolio.news import Wake, wakes_of
from dashboard.reads.candles import of_market
from dashboard.reads.usual import frame_of
from newswake import followed
from newswake.settings import Settings

LONGEST_MS: Final = 5_000
MOST_ROWS: Final = 2_000
# What became hot, or was measured, longer ago is no news any more.
FRESH: Final = timedelta(minutes=15)
MINUTE: Final = timedelta(minutes=1)
PRICED: Final = ("exact", "filled")
USUAL_FOR: Final = timedelta(hours=6)


def newest_close(database: Database[dict[str, Any]]) -> datetime | None:
    """Now, in the time of the data; None without candles."""
    newest = database["candles"].find_one({}, {"open_time": 1}, sort=[("open_time", -1)], max_time_ms=LONGEST_MS)
    return newest["open_time"] + MINUTE if newest else None


def watched_coins(database: Database[dict[str, Any]], settings: Settings) -> frozenset[str]:
    """The followed coins and those of the holdings."""
    return frozenset((*followed.coins_of(database), *(one.coin for one in holdings.read(settings))))


def hot_since(database: Database[dict[str, Any]], since: datetime) -> list[dict[str, Any]]:
    """The posts that became hot at or after `since`, the first ones first; what is no post is left out."""
    fields = dict.fromkeys(("source", "title", "url", "published_at", "hot_at", "currencies"), 1)
    found = database["posts"].find({"hot_at": {"$gte": since}}, fields, limit=MOST_ROWS, max_time_ms=LONGEST_MS)
    return [document for document in found.sort("hot_at", 1) if _is_post(document)]


def _is_post(document: dict[str, Any]) -> bool:
    match [document.get(name) for name in ("_id", "source", "published_at", "currencies", "title", "url")]:
        case [str(), str(), datetime(), list() | None, str() | None, str() | None]:
            return True
    return False


def wakes_since(database: Database[dict[str, Any]], since: datetime) -> tuple[list[Wake], dict[str, str]]:
    """The prices whose time came after `since`, with the price at publication of each; titles by post."""
    fields = ("source", "post_id", "symbol", "published_at", "horizon_minutes", "price")
    projection = dict.fromkeys(fields, 1)
    fresh = list(
        database["post_prices"].find(
            {"price_status": {"$in": PRICED}, "target_time": {"$gt": since}, "horizon_minutes": {"$gt": 0}},
            projection, limit=MOST_ROWS, max_time_ms=LONGEST_MS,
        )
    )  # fmt: skip
    firsts = sorted({f"{row['source']}:{row['post_id']}:{row['symbol']}:0" for row in fresh})
    rows = [*fresh, *database["post_prices"].find({"_id": {"$in": firsts}}, projection, max_time_ms=LONGEST_MS)]
    wakes = wakes_of(rows)
    posts = database["posts"].find({"_id": {"$in": sorted({one.post for one in wakes})}}, {"title": 1})
    return wakes, {post["_id"]: post.get("title") or "" for post in posts}


@dataclass
class UsualMoves:
    """The usual absolute move of a coin over a horizon, as known at `at`; kept for some hours of the data's time."""

    database: Database[dict[str, Any]]
    settings: Settings
    held: dict[str, tuple[datetime, dict[int, float | None]]] = field(default_factory=dict)

    def of(self, coin: str, horizon: int, at: datetime) -> float | None:
        known = self.held.get(coin)
        if known is None or not timedelta(0) <= at - known[0] < USUAL_FOR:
            known = (at, self._compute(coin, at))
            self.held[coin] = known
        return known[1].get(horizon)

    def _compute(self, coin: str, at: datetime) -> dict[int, float | None]:
        where = {**of_market(self.settings.candles, coin), "open_time": {"$gte": at - timedelta(days=DAYS), "$lt": at}}
        rows = self.database["candles"].find(where, {"_id": 0, "open_time": 1, "close": 1}, max_time_ms=LONGEST_MS)
        horizons = self.settings.streaming.horizons_minutes
        found = usual_moves(frame_of(coin, list(rows)), coin, at, horizons)
        return {one.horizon_minutes: one.move for one in found}
