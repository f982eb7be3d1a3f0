"""What a page has to know before it asks for anything else."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from dashboard.models.base import Answer

SourceKind = Literal["live", "simulated", "recording", "unknown"]
BannerKind = Literal["simulated", "old", "database_away", "unhealthy"]


class Banner(Answer):
    """One line above everything: the data are simulated, old, or cannot be read."""

    kind: BannerKind
    sentence: str


class Limits(Answer):
    """What one request may ask for at the most."""

    max_period_days: int
    max_candles: int
    max_posts: int
    max_markers: int


class Session(Answer):
    """`token` goes into the header `X-Newswake-Token` of everything that writes; it is another one at each start.

    `now` is the close of the newest closed candle, null while there is none.
    """

    token: str
    version: str
    source: SourceKind
    exchange: str
    quote: str
    coins: list[str]
    horizons: list[int]
    intervals: list[str]
    now: AwareDatetime | None
    server_time: AwareDatetime
    database: Literal["up", "away"]
    banners: list[Banner]
    limits: Limits


class Ticker(Answer):
    """One followed coin in the strip of coins; `spark` has the last closes of 24 hours, at most 48 of them."""

    coin: str
    price: float | None
    price_at: AwareDatetime | None
    change_1h: float | None
    change_24h: float | None
    volume_24h: float | None
    posts_24h: int
    hot_24h: int
    spark: list[float]


class Tickers(Answer):
    now: AwareDatetime | None
    quote: str
    coins: list[Ticker]
