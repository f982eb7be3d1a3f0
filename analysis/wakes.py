"""What prices did after posts: mean and median return by horizon, beside what they did at random times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.bootstrap import Band, band, resampled
from analysis.frames import POST_PRICES, Period, taken
from analysis.grid import PriceGrid, grid_of
from analysis.observed import posts_known
from analysis.random_times import RandomTimes, moved
from analysis.signs import Sign, SignFilter, known_in_time, sign_filter
from analysis.stories import stories

FEW: Final = 10
DRAWS: Final = 1000
LABEL: Final = (
    "Exploratory: many figures are looked at, returns overlap, and which posts are hot was often known only later. "
    "A band that leaves out 0 is a question, not an answer."
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
class WakeAtHorizon:
    """Returns over one horizon, fractions.

    `returns` counts pairs of a post and a coin, of `posts` posts that tell `stories` stories. `separate`: how many
    windows can be chosen so that none overlaps another in time; what overlaps is one move of the market seen more
    than once. `few`: fewer than 10 stories (and so perhaps fewer than 10 posts): not to be read as a result. The bands
    and `random` are None without returns.
    """

    horizon_minutes: int
    posts: int
    stories: int
    returns: int
    separate: int
    few: bool
    mean: float | None
    mean_band: Band | None
    median: float | None
    median_band: Band | None
    random: RandomTimes | None


@dataclass(frozen=True)
class Wakes:
    """`posts` were chosen, of which `hot_in_time` were already listed as hot when five minutes old.

    `sign_applied` is False when a sign was asked for and `sign_filter` is not available.
    """

    posts: int
    hot_in_time: int
    sign_filter: SignFilter
    sign_applied: bool
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

    `observations` of the posts of the period, hot or not; `candles` of the coins from the period's beginning to the
    largest horizon after its end, for the random times (None: without). Bands are of `draws` samples of stories.
    The same arguments give the same figures.
    """
    known = posts_known(observations)
    returns = returns_of(post_prices).filter(query.period.holds("published_at"))
    if query.coin is not None:
        returns = returns.filter(pl.col("symbol") == query.coin)
    if query.source is not None:
        returns = returns.filter(pl.col("source") == query.source)
    if query.hot:
        returns = returns.join(known.filter(pl.col("hot")), on=["source", "post_id"], how="semi")
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
    market = _Market.of(candles, rows, query.period) if candles is not None else None
    horizons = [horizon for horizon in query.horizons if horizon > 0]
    return Wakes(
        posts=chosen.height,
        hot_in_time=int(chosen["hot_in_time"].sum()),
        sign_filter=signs,
        sign_applied=applied,
        horizons=tuple(_at_horizon(rows, horizon, market, draws, seed) for horizon in horizons),
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


@dataclass(frozen=True)
class _Market:
    """Prices of the coins that the rows are about."""

    symbols: tuple[str, ...]
    grids: tuple[PriceGrid, ...]
    period: Period

    @classmethod
    def of(cls, candles: pl.DataFrame, rows: pl.DataFrame, period: Period) -> _Market:
        symbols = sorted(set(rows["symbol"].unique()) & set(candles["symbol"].unique()))
        return cls(tuple(symbols), tuple(grid_of(candles, symbol) for symbol in symbols), period)


def _at_horizon(rows: pl.DataFrame, horizon: int, market: _Market | None, draws: int, seed: int) -> WakeAtHorizon:
    known = rows.filter((pl.col("horizon_minutes") == horizon) & pl.col("value").is_not_null()).sort(
        "published_at", "source", "post_id", "symbol"
    )
    values = known["value"].to_numpy()
    minutes = known["published_at"].dt.epoch("s").to_numpy() // 60
    posts = known.select(pl.struct("source", "post_id").n_unique()).item()
    story = (known["story"].rank("dense") - 1).to_numpy().astype(np.int64)
    told = int(story.max()) + 1 if story.size else 0
    mean = mean_band = median = median_band = None
    if values.size:
        mean, median = float(values.mean()), float(np.median(values))
        means, medians = resampled(values, story, draws, np.random.default_rng([seed, horizon]))
        mean_band, median_band = band(means), band(medians)
    return WakeAtHorizon(
        horizon_minutes=horizon,
        posts=posts,
        stories=told,
        returns=known.height,
        separate=separate(minutes, horizon),
        few=told < FEW,
        mean=mean,
        mean_band=mean_band,
        median=median,
        median_band=median_band,
        random=_at_random(known, minutes, horizon, market, draws, seed) if market is not None else None,
    )


def _at_random(
    known: pl.DataFrame, minutes: NDArray[np.int64], horizon: int, market: _Market, draws: int, seed: int
) -> RandomTimes | None:
    covered = known["symbol"].is_in(market.symbols).to_numpy()
    if not covered.any():
        return None
    coins = np.searchsorted(np.array(market.symbols), known["symbol"].to_numpy()[covered].astype(str))
    offsets = np.random.default_rng([seed]).integers(0, 1 << 31, draws)
    return moved(market.grids, coins, minutes[covered], horizon, market.period, offsets)


def separate(minutes: NDArray[np.int64], horizon: int) -> int:
    """The most windows [minute, minute + horizon) that do not overlap, from rising minutes.

    >>> separate(np.array([0, 30, 60, 61]), 60)
    2
    """
    count, free_from = 0, None
    for minute in minutes.tolist():
        if free_from is None or minute >= free_from:
            count, free_from = count + 1, minute + horizon
    return count


def _sentence(query: WakeQuery, posts: pl.DataFrame) -> str:
    kind = "hot post" if query.hot else "post"
    about = "" if query.coin is None else f" about {query.coin}"
    count = f"{posts.height:,} {kind}{'' if posts.height == 1 else 's'}{about}"
    if not query.hot or posts.is_empty():
        return f"{count}."
    return f"{count}, of which {int(posts['hot_in_time'].sum()):,} were listed as hot within 5 minutes of publication."
