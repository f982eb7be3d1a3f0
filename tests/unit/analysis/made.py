"""Small frames for the statistics' tests, and strategies that make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from analysis.frames import CANDLES, COVERAGE, OBSERVATIONS, POST_PRICES
from newswake.messages import VOTE_KINDS

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Row = dict[str, Any]


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def candle(minute: int, close: float, symbol: str = "BTC", filled: bool = False, **values: float) -> Row:
    """A candle that opens `minute` minutes after START."""
    prices = {"open": close, "high": close, "low": close, "close": close, "volume": 1.0, **values}
    return {"symbol": symbol, "open_time": after(minute), **prices, "filled": filled}


def candles(closes: Sequence[float | None], symbol: str = "BTC", first: int = 0) -> list[Row]:
    """One candle a minute; None: a gap."""
    return [candle(first + i, close, symbol) for i, close in enumerate(closes) if close is not None]


def candle_frame(rows: Sequence[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(CANDLES), orient="row")


def votes(counts: Mapping[str, int | None]) -> Row:
    return {kind: counts.get(kind) for kind in VOTE_KINDS}


def observation(
    post_id: str,
    published: float = 0,
    seen: float | None = None,
    counts: Mapping[str, int | None] | None = None,
    coins: Sequence[str] = ("BTC",),
    hot: bool | None = None,
    title: str | None = None,
    source: str = "cryptopanic",
    domain: str | None = None,
) -> Row:
    """An observation of a post; times in minutes after START, seen when published if not said."""
    return {
        "source": source,
        "post_id": post_id,
        "title": f"Title of {post_id}" if title is None else title,
        "domain": domain,
        "published_at": after(published),
        "seen_at": after(published if seen is None else seen),
        "hot": hot,
        "currencies": list(coins),
        "votes": None if counts is None else votes(counts),
    }


def post_frame(rows: Sequence[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(OBSERVATIONS), orient="row")


def price(post_id: str, horizon: int, value: float | None, published: float = 0, symbol: str = "BTC") -> Row:
    return {
        "source": "cryptopanic",
        "post_id": post_id,
        "symbol": symbol,
        "horizon_minutes": horizon,
        "published_at": after(published),
        "price": value,
    }


def price_frame(rows: Sequence[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(POST_PRICES), orient="row")


def poll(source: str, polled: float, since: float | None, ok: bool = True, gap_minutes: float | None = None) -> Row:
    """A poll that tells of the posts since `since` up to when it was made."""
    return {
        "source": source,
        "polled_at": after(polled),
        "ok": ok,
        "gap_seconds": None if gap_minutes is None else gap_minutes * 60,
        "covered_from": None if since is None else after(since),
        "covered_until": after(polled) if ok else None,
    }


def poll_frame(rows: Sequence[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(COVERAGE), orient="row")


closes_with_gaps = st.lists(st.none() | st.floats(0.001, 1e6), max_size=120)


@st.composite
def observation_lists(draw: st.DrawFn) -> list[Row]:
    """Observations of a few posts about two coins, votes growing, falling, or unknown, seen in any order."""
    count = draw(st.integers(0, 12))
    side = st.none() | st.integers(0, 30)
    return [
        observation(
            str(draw(st.integers(0, 4))),
            published=draw(st.integers(0, 300)),
            seen=draw(st.integers(0, 400)),
            counts=draw(st.none() | st.fixed_dictionaries({"positive": side, "negative": side, "toxic": side})),
            coins=draw(st.sampled_from([("BTC",), ("ETH",), ("BTC", "ETH"), ()])),
            hot=draw(st.sampled_from([True, False, None])),
        )
        for _ in range(count)
    ]
