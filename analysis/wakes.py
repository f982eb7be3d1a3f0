"""What prices did after posts: mean and median return by horizon, beside what they did at random times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from analysis.frames import POST_PRICES, Period, taken
from analysis.observed import posts_known
from analysis.signs import Sign, SignFilter, known_in_time, sign_filter
from analysis.stories import stories
from analysis.wake_figures import WakeAtHorizon, figures, market_of, returns_before

DRAWS: Final = 1000
BEFORE_MINUTES: Final = 60
LABEL: Final = (
    "Exploratory: many figures are looked at, returns overlap, and which posts are hot was often known only later. "
    "Compare with the band at random times, not with 0."
)


@dataclass(frozen=True)
class WakeQuery:
    """Which posts: published in `period`, about `coin`, from `source`, hot (as became known), with `sign` in time."""

    period: Period
    coin: str | None = None
    source: str | None = None
    sign: Sign | None = None
    hot: bool = True
    horizons: Sequence[int] = (1, 5, 15, 60, 240, 1440)


@dataclass(frozen=True)
class Wakes:
    """`posts` were chosen, of which `hot_in_time` were already listed as hot when five minutes old.

    `before` has the same figures for the hour BEFORE publication: where they stand out, news followed the price. None
    without candles. `sign_applied` is False when a sign was asked for and `sign_filter` is not available.
    """

    posts: int
    hot_in_time: int
    sign_filter: SignFilter
    sign_applied: bool
    before: WakeAtHorizon | None
    horizons: tuple[WakeAtHorizon, ...]
    sentence: str
    label: str


def wakes(
    post_prices: pl.DataFrame,
    observations: pl.DataFrame,
    candles: pl.DataFrame | None,
    query: WakeQuery,
    draws: int = DRAWS,
    seed: int = 1,
) -> Wakes:
    """The wakes of the posts that `query` names.

    `observations` of the posts of the period, hot or not; `candles` of the coins from an hour before the period to the
    largest horizon after its end, for `before` and the random times (None: without). Bands are of `draws` samples of
    stories. The same arguments give the same figures.
    """
    known = posts_known(observations)
    returns = _chosen(returns_of(post_prices), known, query)
    published = returns.group_by("source", "post_id").agg(pl.col("published_at").min())
    posts = known_in_time(observations, published.sort("published_at", "source", "post_id"))
    signs = sign_filter(posts)
    applied = query.sign is not None and signs.available
    chosen = posts.filter(pl.col("sign") == query.sign) if applied else posts
    rows = (
        returns.join(chosen.select("source", "post_id"), on=["source", "post_id"], how="semi")
        .join(stories(known), on=["source", "post_id"], how="left")
        # A post without an observation is a story of its own.
        .with_columns(pl.col("story").fill_null(pl.format("{}:{}", "source", "post_id")))
    )
    market = None if candles is None else market_of(candles, rows["symbol"], query.period)
    at_once = rows.filter(pl.col("horizon_minutes") == 0)
    before = None if market is None else returns_before(at_once, BEFORE_MINUTES, market)
    return Wakes(
        posts=chosen.height,
        hot_in_time=int(chosen["hot_in_time"].sum()),
        sign_filter=signs,
        sign_applied=applied,
        before=None if before is None else figures(before, -BEFORE_MINUTES, market, draws, seed),
        horizons=tuple(
            figures(rows.filter(pl.col("horizon_minutes") == horizon), horizon, market, draws, seed)
            for horizon in query.horizons
            if horizon > 0
        ),
        sentence=_sentence(query, chosen),
        label=LABEL,
    )


def returns_of(post_prices: pl.DataFrame) -> pl.DataFrame:
    """Rows of `post_prices` with `value`, price(horizon) / price(0) - 1; null where either price is missing."""
    prices = taken(post_prices, POST_PRICES)
    key = ["source", "post_id", "symbol"]
    at_once = prices.filter(pl.col("horizon_minutes") == 0).select(*key, pl.col("price").alias("at_once"))
    return prices.join(at_once, on=key, how="left").with_columns(
        (pl.col("price") / pl.col("at_once") - 1).alias("value")
    )


def _chosen(returns: pl.DataFrame, known: pl.DataFrame, query: WakeQuery) -> pl.DataFrame:
    """The rows of the posts that `query` names, all but the sign."""
    rows = returns.filter(query.period.holds("published_at"))
    if query.coin is not None:
        rows = rows.filter(pl.col("symbol") == query.coin)
    if query.source is not None:
        rows = rows.filter(pl.col("source") == query.source)
    return rows.join(known.filter(pl.col("hot")), on=["source", "post_id"], how="semi") if query.hot else rows


def _sentence(query: WakeQuery, posts: pl.DataFrame) -> str:
    kind = "hot post" if query.hot else "post"
    about = "" if query.coin is None else f" about {query.coin}"
    count = f"{posts.height:,} {kind}{'' if posts.height == 1 else 's'}{about}"
    if not query.hot or posts.is_empty():
        return f"{count}."
    return f"{count}, of which {int(posts['hot_in_time'].sum()):,} were listed as hot within 5 minutes of publication."
