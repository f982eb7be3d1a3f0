"""The other way round: minutes that stand out, and the posts around them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

import polars as pl

from analysis.frames import Period
from analysis.observed import posts_known
from analysis.outliers import THRESHOLD, scored
from analysis.watching import Watch, watch_of

AROUND: Final = timedelta(minutes=30)
_OUTLIER: Final = ("symbol", "close_time", "value", "score", "close", "volume")
News = Literal["news", "no news seen", "not watching"]


class _Outlier(NamedTuple):
    symbol: str
    close_time: datetime
    value: float
    score: float
    price: float
    volume: float


@dataclass(frozen=True)
class PostRef:
    source: str
    post_id: str
    title: str | None
    published_at: datetime
    hot: bool | None


@dataclass(frozen=True)
class Jump:
    """A minute whose return lies beyond 4 robust standard deviations of its coin.

    `close_time` ends the minute, `value` is its return. `before` has the posts about the coin of the 30 minutes
    up to its end, `after` those of the 30 minutes from then on, as far as they are past. `news`: "not watching" where
    there are none and no source was read throughout; `not_watching` names the sources that were not.
    """

    symbol: str
    close_time: datetime
    value: float
    score: float
    price: float
    volume: float
    before: tuple[PostRef, ...]
    after: tuple[PostRef, ...]
    news: News
    not_watching: tuple[str, ...]


@dataclass(frozen=True)
class Jumps:
    """`jumps`, the newest first, of `minutes_judged` minutes; `minutes_not_judged` lack a yardstick (`scored`).

    Were returns normal, 6 minutes in 100,000 would lie beyond `threshold`: they are not, and jumps are many.
    """

    jumps: tuple[Jump, ...]
    minutes_judged: int
    minutes_not_judged: int
    threshold: float


def jumps(
    candles: pl.DataFrame, observations: pl.DataFrame, coverage: pl.DataFrame, period: Period, now: datetime
) -> Jumps:
    """The minutes of the period that stand out, with the posts around them.

    `candles` from 7 days, an hour and a minute before the period; `coverage` of the posts' sources; posts as known at
    `now`.
    """
    scores = scored(candles, period)
    known = scores.filter(pl.col("score").is_not_null())
    outside = known.filter(pl.col("score").abs() > THRESHOLD).sort(["close_time", "symbol"], descending=[True, False])
    posts = _posts_by_coin(posts_known(observations, now), outside["symbol"].unique())
    watch = watch_of(coverage)
    found = tuple(_jump(_Outlier(*row), posts, watch, now) for row in outside.select(_OUTLIER).iter_rows())
    return Jumps(found, known.height, scores.height - known.height, THRESHOLD)


def _posts_by_coin(posts: pl.DataFrame, symbols: pl.Series) -> dict[str, list[PostRef]]:
    """The posts about each of the coins, by publication."""
    rows = (
        posts.select("currencies", "source", "post_id", "title", "published_at", "hot")
        .explode("currencies")
        .filter(pl.col("currencies").is_in(symbols.implode()))
        .unique(["currencies", "source", "post_id"], keep="first", maintain_order=True)
    )
    found: dict[str, list[PostRef]] = {}
    for symbol, *post in rows.iter_rows():
        found.setdefault(symbol, []).append(PostRef(*post))
    return found


def _jump(outlier: _Outlier, posts: dict[str, list[PostRef]], watch: Watch, now: datetime) -> Jump:
    about, moment = posts.get(outlier.symbol, []), outlier.close_time
    begin, end = moment - AROUND, min(moment + AROUND, now)
    first, middle, last = (
        bisect_left(about, begin, key=_published),
        bisect_right(about, moment, key=_published),
        bisect_right(about, end, key=_published),
    )
    news: News = "news" if first < last else "not watching" if watch.nobody(begin, end) else "no news seen"
    return Jump(*outlier, tuple(about[first:middle]), tuple(about[middle:last]), news, watch.not_watching(begin, end))


def _published(post: PostRef) -> datetime:
    return post.published_at
