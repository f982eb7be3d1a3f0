"""Tables as the application leaves them, for the page's tests: a generated market, posts about it, their prices."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from deltalake import write_deltalake
from pymongo.database import Database

from analysis import frames
from newswake import followed
from newswake.home import mark_home
from newswake.messages import VOTE_KINDS
from newswake.settings import Settings

MINUTE = timedelta(minutes=1)
DAYS = 3
FIRST_PRICES = {"BTC": 104_250.10, "ETH": 3_412.5, "PEPE": 0.00001234}
GAP_HOURS = (6.0, 5.5)  # before now: BTC has no candles from the first to the second
EXCHANGE, QUOTE = "binance", "USDT"

HOSTILE_TITLE = '<img src=x onerror="window.hacked=1"> & <b>bold</b>'
HOSTILE_LINK = "javascript:window.hacked=1"
TITLES = (
    "{} climbs as spot funds take in a record week of flows",
    "Exchange halts {} withdrawals for an hour, cites wallet upgrade",
    "Developers of {} set a date for the next upgrade",
    "Large holder moves {} to a new address after four years",
    "Regulator delays its decision on {} products again",
    "{} derivatives see the largest liquidation of the month",
    "Why the supply of {} on exchanges keeps falling",
)

Row = dict[str, Any]


@dataclass
class Market:
    """What was put into the tables. `now` is the close of the newest candle."""

    now: datetime
    candles: list[Row] = field(default_factory=list)
    observations: list[Row] = field(default_factory=list)
    prices: list[Row] = field(default_factory=list)


def market(now: datetime, horizons: tuple[int, ...], posts: int = 160, seed: int = 1) -> Market:
    """A random walk of each coin, with a gap in BTC, and posts of a source that votes and of one that does not."""
    made = Market(now)
    chance = np.random.default_rng(seed)
    closes: dict[tuple[str, datetime], float] = {}
    for symbol, first in FIRST_PRICES.items():
        for row in _walk(symbol, first, now, chance):
            made.candles.append(row)
            closes[symbol, row["open_time"] + MINUTE] = row["close"]
    for number in range(posts):
        _post(made, number, now - timedelta(minutes=7 + 23 * number), chance)
    _hostile(made, now - timedelta(minutes=3))
    for post in newest(made.observations):
        made.prices += _prices(post, closes, now, horizons)
    return made


def _walk(symbol: str, first: float, now: datetime, chance: np.random.Generator) -> list[Row]:
    count = DAYS * 1_440
    steps = chance.standard_t(3, count) * 0.0004
    path = first * np.exp(np.cumsum(steps) - np.sum(steps))
    rows = []
    for at in range(count):
        open_time = now - (count - at) * MINUTE
        hours_ago = (now - open_time) / timedelta(hours=1)
        if symbol == "BTC" and GAP_HOURS[1] < hours_ago <= GAP_HOURS[0]:
            continue
        opened, closed = float(path[max(at - 1, 0)]), float(path[at])
        spread = abs(float(chance.normal())) * 0.0004 * closed
        rows.append(
            candle(symbol, open_time, opened, max(opened, closed) + spread, min(opened, closed) - spread, closed,
                   volume=float(chance.lognormal(2.0, 0.9)) * 1e4 / closed)
        )  # fmt: skip
    return rows


def candle(
    symbol: str, open_time: datetime, opened: float, high: float, low: float, close: float, volume: float
) -> Row:
    return {
        "symbol": symbol, "quote": QUOTE, "exchange": EXCHANGE, "interval": "1m", "open_time": open_time,
        "open": opened, "high": high, "low": low, "close": close, "volume": volume, "trades": 42,
        "taker_buy_volume": volume / 2, "filled": False, "seen_at": open_time + MINUTE,
    }  # fmt: skip


def _post(made: Market, number: int, published: datetime, chance: np.random.Generator) -> None:
    symbol = list(FIRST_PRICES)[int(chance.integers(len(FIRST_PRICES)))]
    votes = number % 3 != 2
    post: Row = {
        "post_id": str(1_000 + number), "source": "cryptopanic" if votes else "rss", "kind": "news",
        "title": TITLES[number % len(TITLES)].format(symbol), "url": f"https://news.example/{number}",
        "domain": "news.example", "published_at": published, "created_at": published + timedelta(seconds=40),
        "currencies": [symbol] if number % 5 else [symbol, "DOGE"], "panic_score": None,
    }  # fmt: skip
    final = chance.poisson(9, len(VOTE_KINDS))
    for turn in range(6 if votes else 1):
        seen = published + timedelta(minutes=2 + 9 * turn)
        if seen <= made.now:
            counts = {kind: int(count * (turn + 1) / 6) for kind, count in zip(VOTE_KINDS, final, strict=True)}
            hot = (number % 4 == 0 and turn >= 1) if votes else None
            made.observations.append({**post, "seen_at": seen, "hot": hot, "votes": counts if votes else None})


def _hostile(made: Market, published: datetime) -> None:
    made.observations.append(
        {
            "post_id": "666", "source": "rss", "kind": "news", "title": HOSTILE_TITLE, "url": HOSTILE_LINK,
            "domain": "evil.example", "published_at": published, "created_at": None, "currencies": ["BTC"],
            "panic_score": None, "seen_at": published + MINUTE, "hot": None, "votes": None,
        }
    )  # fmt: skip


def newest(observations: list[Row]) -> list[Row]:
    """The documents of the collection `posts`."""
    documents: dict[str, Row] = {}
    for seen in sorted(observations, key=lambda row: row["seen_at"]):
        identity = f"{seen['source']}:{seen['post_id']}"
        before = documents.get(identity, {})
        hot_at = before.get("hot_at") or (seen["seen_at"] if seen["hot"] else None)
        first = before.get("first_seen_at", seen["seen_at"])
        documents[identity] = {"_id": identity, **seen, "first_seen_at": first, "hot_at": hot_at}
    return list(documents.values())


def _prices(
    post: Row, closes: dict[tuple[str, datetime], float], now: datetime, horizons: tuple[int, ...]
) -> list[Row]:
    start = post["published_at"].replace(second=0, microsecond=0)
    rows = []
    for symbol in post["currencies"]:
        for horizon in horizons:
            target = start + horizon * MINUTE
            price = closes.get((symbol, target))
            if target <= now:
                rows.append(
                    {
                        "post_id": post["post_id"], "source": post["source"], "hot": post["hot"], "symbol": symbol,
                        "horizon_minutes": horizon, "published_at": post["published_at"], "seen_at": post["seen_at"],
                        "target_time": target, "price": price, "exchange": EXCHANGE if price else None,
                        "price_status": "exact" if price else "missing", "repaired_at": None,
                    }
                )  # fmt: skip
    return rows


def fill(database: Database[Row], settings: Settings, made: Market) -> None:
    """Write everything to MongoDB and to the lake, and mark the home as simulated."""
    database["candles"].insert_many([{"_id": candle_id(row), **row} for row in made.candles])
    database["candles"].create_index([("symbol", 1), ("open_time", -1)])
    database["posts"].insert_many(newest(made.observations))
    database["post_prices"].insert_many(
        [
            {"_id": ":".join((r["source"], r["post_id"], r["symbol"], str(r["horizon_minutes"]))), **r}
            for r in made.prices
        ]
    )
    followed.seed(database, settings.candles.coins)
    settings.home.mkdir(parents=True, exist_ok=True)
    mark_home(settings.home, "simulated")
    for table, rows, schema in (
        ("candles", made.candles, {**frames.CANDLES, "exchange": pl.String(), "quote": pl.String()}),
        ("posts", made.observations, frames.OBSERVATIONS),
        ("post_prices", made.prices, frames.POST_PRICES),
    ):
        frame = pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=dict(schema))
        write_deltalake(f"{settings.lake_path}/{table}", frame)


def candle_id(row: Row) -> str:
    return f"{row['exchange']}:{row['symbol']}/{row['quote']}:1m:{round(row['open_time'].timestamp() * 1000)}"


def this_minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)
