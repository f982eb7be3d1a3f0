"""A bounded generated recording for tests: candles with outages, observations with a history, and the truth.

The observations are what polls would have brought: votes that grow, posts that turn hot hours later, pages that
overlap (the same state twice), and now and then a publisher who edits `published_at`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from newswake.clock import from_ms, to_ms
from newswake.messages import HOUR_MS, MINUTE_MS, VOTE_KINDS, CandlePage
from producers.chance import stream, uniform
from producers.generator.market import GeneratedMarket
from producers.generator.posts import DAY_MS, GeneratedNews, GeneratedPost
from producers.generator.truth import truth_of
from producers.recordings.columns import TIME
from producers.simulator.life import SimulatedPost
from producers.simulator.world import Pair

EDITED_SHARE = 0.03  # posts whose published_at is another one from some poll on
REPEATED_SHARE = 0.15  # observations that two overlapping pages bring
RESENT_SHARE = 0.05  # hours of a coin that are sent a second time
LATER_POLLS_MS = (HOUR_MS, 6 * HOUR_MS)

POST_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "post_id": pl.Int64, "title": pl.String, "published_at": TIME, "currencies": pl.List(pl.String), "hot": pl.Boolean,
    **{f"votes_{kind}": pl.Int64 for kind in VOTE_KINDS}, "cryptopanic_url": pl.String,
}  # fmt: skip
OBSERVATION_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {**POST_COLUMNS, "created_at": TIME, "seen_at": TIME}


@dataclass(frozen=True)
class Month:
    """A generated recording from `start` to `end` (exclusive, epoch ms).

    `candles`, `posts`: the columns of a recording (symbols are pairs; one row a post, as it stood at the end).
    `observations`: the same columns with `created_at` and `seen_at`, one row a poll that brought the post, in the
    order of the polls. `truth`: one row a post and planted wake, `impact` a difference of log prices.
    """

    start: int
    end: int
    quote: str
    candles: pl.DataFrame
    posts: pl.DataFrame
    observations: pl.DataFrame
    truth: pl.DataFrame

    def write(self, folder: Path) -> None:
        """Write a recording folder: `candles.parquet` and `posts.parquet`, and `truth.parquet` beside them."""
        folder.mkdir(parents=True, exist_ok=True)
        self.candles.write_parquet(folder / "candles.parquet")
        self.posts.write_parquet(folder / "posts.parquet")
        self.truth.write_parquet(folder / "truth.parquet")


def make_month(
    seed: int,
    start: datetime,
    days: int = 31,
    coins: Sequence[str] = ("BTC", "ETH", "XRP"),
    quote: str = "USDT",
    posts_per_day: float = 60.0,
) -> Month:
    """A month from a seed, whole days from the day of `start` on. The same arguments give the same frames."""
    first = to_ms(start) // DAY_MS * DAY_MS
    end = first + days * DAY_MS
    news = GeneratedNews(seed, first, end, posts_per_day)
    market = GeneratedMarket(seed, [Pair(coin, quote) for coin in coins], first, news.day)
    made = [post for day in range(first // DAY_MS, end // DAY_MS) for post in news.day(day)]
    observations = [row for post in made for row in _observations(seed, post.post, end)]
    observations.sort(key=lambda row: (row["seen_at"], row["post_id"]))
    return Month(
        start=first,
        end=end,
        quote=quote,
        candles=pl.concat([_candles(market, pair, first, end) for pair in market.pairs]).sort("open_time", "symbol"),
        posts=pl.DataFrame([_row(post.post, end) for post in made], schema=POST_COLUMNS),
        observations=pl.DataFrame(observations, schema=OBSERVATION_COLUMNS),
        truth=_truth(made),
    )


def candle_pages(month: Month, seed: int, exchange: str = "binance") -> list[CandlePage]:
    """Hour pages forward in time over all coins, some of them sent twice, in part or whole, an hour later."""
    chance = stream(seed, "resent pages")
    timed = []
    hours = month.candles.with_columns(pl.col("open_time").dt.truncate("1h").alias("hour"))
    for (hour, symbol), rows in hours.group_by("hour", "symbol", maintain_order=True):
        assert isinstance(hour, datetime)
        due = to_ms(hour) + HOUR_MS
        timed.append((due, _page(rows, str(symbol).removesuffix(month.quote), month.quote, exchange, due)))
        if chance.random() < RESENT_SHARE:
            part = rows.tail(int(chance.integers(1, len(rows) + 1)))
            again = due + HOUR_MS
            timed.append((again, _page(part, str(symbol).removesuffix(month.quote), month.quote, exchange, again)))
    return [page for _, page in sorted(timed, key=lambda item: (item[0], item[1].symbol, item[1].seen_at))]


def _page(rows: pl.DataFrame, symbol: str, quote: str, exchange: str, seen_at: int) -> CandlePage:
    columns = rows.with_columns(pl.col("open_time").dt.epoch("ms")).drop("hour", "symbol").to_dict(as_series=False)
    return CandlePage(symbol=symbol, quote=quote, exchange=exchange, seen_at=seen_at, **columns)


def _candles(market: GeneratedMarket, pair: Pair, first: int, end: int) -> pl.DataFrame:
    block = market.block(pair, first, end - MINUTE_MS)
    names = ("open_time", "open", "high", "low", "close", "volume", "trades", "taker_buy_volume")
    frame = pl.DataFrame(dict(zip(names, map(np.ascontiguousarray, block.columns()), strict=True)))
    opened = pl.col("open_time").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
    return frame.select(pl.lit(pair.symbol).alias("symbol"), opened, *names[1:])


def _row(post: SimulatedPost, now: int) -> dict[str, object]:
    votes = post.votes_at(now) or (None,) * len(VOTE_KINDS)
    return {
        "post_id": post.id,
        "title": post.title,
        "published_at": from_ms(post.published_at),
        "currencies": list(post.codes),
        "hot": post.is_hot(now),
        **{f"votes_{kind}": count for kind, count in zip(VOTE_KINDS, votes, strict=True)},
        "cryptopanic_url": post.url,
    }


def _observations(seed: int, post: SimulatedPost, end: int) -> list[dict[str, object]]:
    polls = {post.arrives_at, *(post.arrives_at + later for later in LATER_POLLS_MS)}
    polls |= {post.hot_at} if post.hot_at is not None else set()
    edited_by = 0
    if uniform(seed, "edited", post.id) < EDITED_SHARE:
        edited_by = int((uniform(seed, "edited by", post.id) - 0.5) * 4 * HOUR_MS) // MINUTE_MS * MINUTE_MS
    found: list[dict[str, object]] = []
    for number, poll in enumerate(sorted(poll for poll in polls if poll <= end)):
        row = {**_row(post, poll), "created_at": from_ms(post.arrives_at), "seen_at": from_ms(poll)}
        if number and edited_by:
            row["published_at"] = from_ms(min(post.published_at + edited_by, post.arrives_at))
        found.append(row)
        if uniform(seed, "repeated", post.id, number) < REPEATED_SHARE:
            found.append(dict(row))
    return found


def _truth(made: Sequence[GeneratedPost]) -> pl.DataFrame:
    rows = [
        {**{name: value for name, value in truth_of(post).items() if name not in ("wakes", "currencies")}, **wake}
        for post in made
        for wake in truth_of(post)["wakes"]  # type: ignore[attr-defined]
    ]
    schema = {
        "post_id": pl.Int64, "published_at": pl.Int64, "arrives_at": pl.Int64, "hot_at": pl.Int64,
        "symbol": pl.String, "impact": pl.Float64, "scale_minutes": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema)
