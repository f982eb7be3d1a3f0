"""The parameters that many paths share, with their bounds."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import Depends, Query
from pydantic import AwareDatetime, BeforeValidator

from dashboard.models import candles
from dashboard.moments import within
from dashboard.reads.filters import PostFilter

# A coin's code goes into filters as a value; what it may not hold are spaces and what JSON and MongoDB give a meaning.
COIN_PATTERN: Final = r'^[^\s{}\[\]":/$\x00-\x1f]+$'
TEXT_PATTERN: Final = r"^[^\x00]*$"
SOURCE_PATTERN: Final = r"^[a-z0-9_.-]+$"


def _upper(code: object) -> object:
    return code.strip().upper() if isinstance(code, str) else code


CoinCode = Annotated[
    str,
    BeforeValidator(_upper),
    Query(alias="coin", min_length=1, max_length=32, pattern=COIN_PATTERN, description="a coin's code, such as BTC"),
]
OptionalCoin = Annotated[
    Annotated[str, Query(min_length=1, max_length=32, pattern=COIN_PATTERN)] | None,
    BeforeValidator(_upper),
    Query(alias="coin", description="only this coin, such as BTC"),
]
From = Annotated[
    AwareDatetime | None, Query(alias="from", description="start, included; default: 24 hours before the end")
]
Until = Annotated[AwareDatetime | None, Query(alias="to", description="end, excluded; default: now")]
Source = Annotated[
    str | None, Query(min_length=1, max_length=64, pattern=SOURCE_PATTERN, description="only posts of this source")
]
Horizon = Annotated[int, Query(ge=1, le=100_000, description="minutes after publication")]
PostId = Annotated[
    str, Query(min_length=3, max_length=600, pattern=TEXT_PATTERN, description="the `id` of a post: source:post id")
]
Format = Annotated[Literal["csv", "parquet"], Query(alias="format", description="form of the file")]
Interval = Annotated[candles.Interval, Query(description="length of a bar")]
Text = Annotated[
    str | None, Query(min_length=1, max_length=100, pattern=TEXT_PATTERN, description="words of the title, all of them")
]
Hot = Annotated[bool | None, Query(description="only posts that were listed as hot (true) or never were (false)")]
Cursor = Annotated[
    str | None, Query(max_length=1_000, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of the page before")
]


def which_posts(
    coin: OptionalCoin = None,
    start: From = None,
    end: Until = None,
    hot: Hot = None,
    source: Source = None,
    text: Text = None,
) -> PostFilter:
    """Raises `Invalid` for a time that nobody can mean."""
    return PostFilter(coin, start and within("from", start), end and within("to", end), hot, source, text)


WhichPosts = Annotated[PostFilter, Depends(which_posts)]
