"""What is shown, as files: the same parameters as the paths without `export`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import polars as pl
from fastapi import APIRouter, Query, Response

from dashboard.context import Here
from dashboard.files import as_file, rows_of
from dashboard.models.candles import Bar
from dashboard.moments import span
from dashboard.params import (
    CoinCode,
    Format,
    From,
    Horizon,
    Interval,
    OptionalCoin,
    PostId,
    Source,
    Until,
    WhichPosts,
)
from dashboard.reads import candles as of_candles
from dashboard.reads import posts as of_posts
from dashboard.refusals import Invalid
from dashboard.routes import portfolio as portfolios
from dashboard.routes import posts as post_routes
from dashboard.routes import statistics as figures

router = APIRouter(tags=["exports"])

MOST_BARS: Final = 150_000
MOST_POSTS: Final = 5_000
FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "a file",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.get("/api/export/candles", response_class=Response, responses=FILE)
async def candles(
    context: Here,
    coin: CoinCode,
    interval: Interval = "1m",
    start: From = None,
    end: Until = None,
    form: Format = "csv",
) -> Response:
    """The bars of a period, oldest first, at most 150,000."""
    minutes = of_candles.MINUTES[interval]
    period = await span(context.tables, start, end, max_days=context.settings.dashboard.max_period_days)
    if (period.end - period.start).total_seconds() / 60 / minutes > MOST_BARS:
        raise Invalid("from", f"A file has at most {MOST_BARS} bars: ask for a shorter period or longer bars")
    market = context.settings.candles
    async with context.heavy.place():
        rows = await of_candles.bars(context.tables, market, coin, minutes, period.start, period.end, MOST_BARS)
        return await context.heavy.thread(_file_of_bars, rows, coin, form, f"candles-{interval}")


def _file_of_bars(rows: Sequence[Bar], coin: str, form: Format, name: str) -> Response:
    frame = pl.DataFrame(of_candles.columns(rows).model_dump(), schema_overrides={"time": pl.Int64})
    times = pl.from_epoch("time", time_unit="ms").dt.replace_time_zone("UTC").alias("open_time")
    return as_file(frame.select(pl.lit(coin).alias("coin"), times, pl.exclude("time")), form, name)


@router.get("/api/export/posts", response_class=Response, responses=FILE)
async def posts(
    context: Here,
    which: WhichPosts,
    horizon: Horizon = 60,
    form: Format = "csv",
) -> Response:
    """The newest posts, at most 5,000."""
    async with context.heavy.place():
        found = await of_posts.page(context, which, "time", "desc", horizon, None, MOST_POSTS)
        return await context.heavy.thread(lambda: as_file(rows_of(found.posts), form, "posts"))


@router.get("/api/export/card", response_class=Response, responses=FILE)
async def card(context: Here, id: PostId, form: Format = "csv") -> Response:
    """The wakes of a post: one row a coin and horizon."""
    found = await post_routes.card(context, id)
    frames = [rows_of(wake.horizons, post=id, coin=wake.coin) for wake in found.wakes]
    return as_file(pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame(), form, "post")


@router.get("/api/export/statistics", response_class=Response, responses=FILE)
async def statistics(
    context: Here,
    coin: CoinCode,
    start: From = None,
    end: Until = None,
    part: Annotated[Literal["describe", "histogram", "correlation", "sources", "hours"], Query()] = "describe",
    form: Format = "csv",
) -> Response:
    """One table of the statistics."""
    found = await figures.statistics(context, coin, start, end)
    histogram, correlation = found.returns, found.correlation
    tables = {
        "describe": lambda: rows_of(found.candles, coin=coin),
        "histogram": lambda: pl.DataFrame(
            {"from": histogram.edges[:-1], "to": histogram.edges[1:], "count": histogram.counts}
        ),
        "correlation": lambda: pl.DataFrame(
            {"coin": correlation.coins, **dict(zip(correlation.coins, correlation.values, strict=True))}
        ),
        "sources": lambda: rows_of(found.posts.by_source, coin=coin),
        "hours": lambda: rows_of(found.posts.by_hour, coin=coin),
    }
    return as_file(tables[part](), form, f"statistics-{part}")


@router.get("/api/export/gauge", response_class=Response, responses=FILE)
async def gauge(context: Here, coin: CoinCode, start: From = None, end: Until = None, form: Format = "csv") -> Response:
    """The gauge's line."""
    line = (await figures.gauge(context, coin, start, end)).line
    frame = pl.DataFrame(line.model_dump(), schema_overrides={"value": pl.Float64})
    times = pl.from_epoch("time", time_unit="ms").dt.replace_time_zone("UTC")
    return as_file(frame.with_columns(times).insert_column(0, pl.lit(coin).alias("coin")), form, "gauge")


@router.get("/api/export/wakes", response_class=Response, responses=FILE)
async def wakes(
    context: Here,
    coin: OptionalCoin = None,
    source: Source = None,
    sign: figures.SignOf = "any",
    hot: figures.OnlyHot = True,
    start: From = None,
    end: Until = None,
    form: Format = "csv",
) -> Response:
    """One row a horizon, and one of the hour before publication."""
    found = await figures.wakes(context, coin, source, sign, hot, start, end)
    before = [found.before] if found.before else []
    return as_file(rows_of([*before, *found.rows]), form, "wakes")


@router.get("/api/export/moves", response_class=Response, responses=FILE)
async def moves(
    context: Here,
    coin: OptionalCoin = None,
    start: From = None,
    end: Until = None,
    part: Annotated[Literal["spikes", "movers"], Query()] = "spikes",
    form: Format = "csv",
) -> Response:
    """The minutes that stand out, the newest 500; or the coins with their moves of 24 hours."""
    found = await figures.moves(context, coin, start, end, 500)
    return as_file(rows_of(found.spikes if part == "spikes" else found.leaders), form, f"moves-{part}")


@router.get("/api/export/portfolio", response_class=Response, responses=FILE)
async def portfolio(
    context: Here, part: Annotated[Literal["holdings", "moved_by"], Query()] = "holdings", form: Format = "csv"
) -> Response:
    """The holdings, or the posts that moved them."""
    found = await portfolios.shown(context)
    return as_file(rows_of(found.holdings if part == "holdings" else found.moved_by), form, f"portfolio-{part}")
