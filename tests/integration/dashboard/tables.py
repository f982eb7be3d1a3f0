"""A generated week in MongoDB and in the lake, written by hand: the tables as the page finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from deltalake import write_deltalake
from pymongo.database import Database

from newswake.clock import to_ms
from newswake.messages import VOTE_KINDS
from newswake.settings import Settings
from producers.generator.month import make_month

START = datetime(2025, 3, 3, tzinfo=UTC)
DAYS = 9
NOW = START + timedelta(days=DAYS)
COINS = ("BTC", "ETH", "XRP")
SOURCE = "cryptopanic"
HOSTILE = "hostile"
MINUTE = timedelta(minutes=1)
# Of BTC: a gap of 20 minutes within an hour, and one of three hours.
GAPS = (
    (START + timedelta(days=5, hours=3, minutes=10), START + timedelta(days=5, hours=3, minutes=30)),
    (START + timedelta(days=6, hours=8), START + timedelta(days=6, hours=11)),
)


@dataclass(frozen=True)
class Tables:
    """`candles`, `observations`, `prices`: rows as in the lake. `posts`: the newest state, as in MongoDB."""

    candles: pl.DataFrame
    observations: pl.DataFrame
    posts: list[dict[str, Any]]
    prices: pl.DataFrame


def make_tables(horizons: Sequence[int]) -> Tables:
    month = make_month(7, START, DAYS, COINS)
    open_time = pl.col("open_time").cast(pl.Datetime("us", "UTC"))
    candles = month.candles.select(
        pl.col("symbol").str.strip_suffix("USDT").alias("symbol"),
        pl.lit("USDT").alias("quote"),
        pl.lit("binance").alias("exchange"),
        pl.lit("1m").alias("interval"),
        open_time.alias("open_time"),
        *("open", "high", "low", "close", "volume", "trades", "taker_buy_volume"),
        (pl.col("open_time").dt.minute() == 17).alias("filled"),
        (open_time + MINUTE).alias("seen_at"),
    )
    for first, last in GAPS:
        candles = candles.filter((pl.col("symbol") != "BTC") | ~open_time.is_between(first, last, closed="left"))
    observations = _observations(month.observations)
    posts = newest(observations.to_dicts())
    return Tables(candles, observations, posts, _prices(candles, posts, horizons))


def _observations(rows: pl.DataFrame) -> pl.DataFrame:
    time = pl.Datetime("us", "UTC")
    votes = pl.struct(pl.col(f"votes_{kind}").alias(kind) for kind in VOTE_KINDS)
    made = rows.filter(pl.col("seen_at") <= NOW).select(
        pl.col("post_id").cast(pl.String),
        pl.lit(SOURCE).alias("source"),
        pl.lit("news").alias("kind"),
        "title",
        pl.col("cryptopanic_url").alias("url"),
        pl.lit("example.org").alias("domain"),
        *(pl.col(name).cast(time) for name in ("published_at", "created_at", "seen_at")),
        "hot",
        "currencies",
        pl.when(pl.col("votes_positive").is_not_null()).then(votes).alias("votes"),
        pl.lit(None, pl.Float64).alias("panic_score"),
    )
    return pl.concat([made, _hostile(made)])


def _hostile(like: pl.DataFrame) -> pl.DataFrame:
    """Posts that mean harm to whoever shows them, by a source of their own that does not vote."""
    titles = {
        "1": ("<img src=x onerror=alert(1)>", "javascript:alert(1)"),
        "2": ('=HYPERLINK("http://a")', "java\tscript:alert(1)"),
        "a/b?c#d:e": ("</script><script>alert(1)</script>", "https://example.org/ok"),
    }
    published = NOW - timedelta(minutes=90)
    rows = [
        {
            **dict.fromkeys(like.columns), "post_id": id, "source": HOSTILE, "title": title, "url": url,
            "published_at": published, "seen_at": published + MINUTE, "currencies": ["BTC", "NOSUCH"],
        }
        for id, (title, url) in titles.items()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=like.schema)


def newest(observations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    held: dict[str, dict[str, Any]] = {}
    for row in sorted(observations, key=lambda row: row["seen_at"]):
        id = f"{row['source']}:{row['post_id']}"
        before = held.get(id)
        hot_at = before["hot_at"] if before else None
        held[id] = {
            "_id": id,
            **row,
            "first_seen_at": before["first_seen_at"] if before else row["seen_at"],
            "hot_at": hot_at or (row["seen_at"] if row["hot"] else None),
        }
    return list(held.values())


def _prices(candles: pl.DataFrame, posts: Sequence[Mapping[str, Any]], horizons: Sequence[int]) -> pl.DataFrame:
    closes = {
        (symbol, opened + MINUTE): (close, filled)
        for symbol, opened, close, filled in candles.select("symbol", "open_time", "close", "filled").iter_rows()
    }
    rows = []
    for post in posts:
        minute = post["published_at"].replace(second=0, microsecond=0)
        for symbol in post["currencies"]:
            for horizon in horizons:
                target = minute + horizon * MINUTE
                if target > NOW:
                    continue
                close, filled = closes.get((symbol, target), (None, False))
                status = "missing" if close is None else "filled" if filled else "exact"
                rows.append(
                    {
                        "post_id": post["post_id"], "source": post["source"], "hot": post["hot"], "symbol": symbol,
                        "horizon_minutes": horizon, "published_at": post["published_at"], "seen_at": post["seen_at"],
                        "target_time": target, "price": close, "price_status": status,
                        "exchange": "binance" if close else None, "repaired_at": None,
                    }
                )  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"horizon_minutes": pl.Int32, "repaired_at": pl.Datetime("us", "UTC")})


def candle_document(row: Mapping[str, Any]) -> dict[str, Any]:
    market = f"{row['exchange']}:{row['symbol']}/{row['quote']}:{row['interval']}"
    return {"_id": f"{market}:{to_ms(row['open_time'])}", **row}


def price_document(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"_id": f"{row['source']}:{row['post_id']}:{row['symbol']}:{row['horizon_minutes']}", **row}


def write(tables: Tables, database: Database[dict[str, Any]], settings: Settings) -> None:
    write_mongo(tables, database)
    write_lake(tables, settings)


def write_mongo(tables: Tables, database: Database[dict[str, Any]]) -> None:
    database["candles"].insert_many([candle_document(row) for row in tables.candles.iter_rows(named=True)])
    database["posts"].insert_many(tables.posts)
    database["post_prices"].insert_many([price_document(row) for row in tables.prices.iter_rows(named=True)])


def write_lake(tables: Tables, settings: Settings) -> None:
    for name, frame in (
        ("candles", tables.candles),
        ("posts", tables.observations),
        ("post_prices", tables.prices),
    ):
        write_deltalake(f"{settings.lake_path}/{name}", frame.to_arrow())
