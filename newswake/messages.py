"""The messages on the two topics, as their producers build them (design: section 3).

The streaming side does not import these: it judges raw bytes by itself, because anything may be on a topic.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Self

import orjson
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from newswake.avro_page import to_avro
from newswake.clock import to_iso
from newswake.coins import clean_codes

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
MAX_CANDLES_PER_PAGE = 60
VOTE_KINDS = (
    "negative", "positive", "important", "liked", "disliked", "lol", "toxic", "saved", "comments",
)  # fmt: skip


def _cleaned(codes: object) -> object:
    """Trimmed first, then measured; what is no list of texts is left to the validation."""
    texts = isinstance(codes, list | tuple) and all(isinstance(code, str) for code in codes)
    return tuple(clean_codes(list(codes))) if texts and isinstance(codes, list | tuple) else codes


class Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Votes(Contract):
    """Counts by kind; a kind that the source does not give is null, which is not 0."""

    negative: int | None = None
    positive: int | None = None
    important: int | None = None
    liked: int | None = None
    disliked: int | None = None
    lol: int | None = None
    toxic: int | None = None
    saved: int | None = None
    comments: int | None = None


# The stream refuses what is longer (streaming/parsing/posts.py); a test holds the two together.
MAX_KIND = 64
MAX_DOMAIN = 512
Text = Annotated[str, Field(max_length=4_000)]
Code = Annotated[str, Field(pattern=r'^[^{}\[\]":]{1,64}$')]


class Observation(Contract):
    """A post as it stood at one poll. Times are aware; `currencies` are coin codes."""

    id: Annotated[str, Field(min_length=1, max_length=512)]
    source: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9_.-]+$")]
    kind: Annotated[str, Field(max_length=MAX_KIND)] | None = None
    title: Text
    url: Text | None = None
    domain: Annotated[str, Field(max_length=MAX_DOMAIN)] | None = None
    published_at: AwareDatetime
    created_at: AwareDatetime | None = None
    seen_at: AwareDatetime
    hot: bool | None = None
    currencies: Annotated[tuple[Code, ...], BeforeValidator(_cleaned)] = ()
    votes: Votes | None = None
    panic_score: int | None = None

    @property
    def key(self) -> bytes:
        return self.id.encode()

    def to_json(self) -> bytes:
        """The Kafka value: codes as `[{"code": …}]`, times as ISO-8601 with `Z`, absent fields left out."""
        body = self.model_dump(exclude_none=True, exclude={"hot", "votes", "currencies"})
        for name in ("published_at", "created_at", "seen_at"):
            if name in body:
                body[name] = to_iso(body[name])
        body["hot"] = self.hot
        body["currencies"] = [{"code": code} for code in self.currencies]
        body["votes"] = self.votes.model_dump() if self.votes else None
        return orjson.dumps(body)

    def content(self) -> tuple[object, ...]:
        """What makes one observation differ from the last: everything but the time of the poll."""
        return tuple(value for name, value in self if name != "seen_at")


class Heartbeat(Contract):
    """Up to when a source was read; published after the posts that it covers (design: section 5)."""

    heartbeat: Annotated[int, Field(gt=0)]
    source: str

    @property
    def key(self) -> bytes:
        return f"heartbeat:{self.source}".encode()

    def to_json(self) -> bytes:
        return orjson.dumps({"heartbeat": self.heartbeat, "source": self.source})


class CandlePage(Contract):
    """Closed one-minute candles of one coin inside one UTC hour, oldest first, as columns of equal length.

    `open_time` and `seen_at` are epoch milliseconds; `filled` marks a minute that was carried forward.

    Raises `pydantic.ValidationError` when the columns differ in length, times are not whole minutes of one hour
    in rising order, a price is not positive and finite, or a high is below its low.
    """

    symbol: Annotated[str, Field(pattern=r"^[^\s{}\[\]\":/]{1,32}$")]
    quote: Annotated[str, Field(min_length=1, max_length=32)]
    exchange: Annotated[str, Field(min_length=1, max_length=64)]
    interval: Annotated[str, Field(pattern=r"^1m$")] = "1m"
    seen_at: Annotated[int, Field(gt=0)]
    open_time: Annotated[tuple[int, ...], Field(min_length=1, max_length=MAX_CANDLES_PER_PAGE)]
    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    volume: tuple[float, ...]
    trades: tuple[int | None, ...] | None = None
    taker_buy_volume: tuple[float | None, ...] | None = None
    filled: tuple[bool, ...] | None = None

    @model_validator(mode="after")
    def _columns_agree(self) -> Self:
        columns = ("open", "high", "low", "close", "volume", "trades", "taker_buy_volume", "filled")
        for name in columns:
            column = getattr(self, name)
            if column is not None and len(column) != len(self.open_time):
                raise ValueError(f"{name} has {len(column)} values, expected {len(self.open_time)}")
        times = self.open_time
        if any(time % MINUTE_MS for time in times):
            raise ValueError("an open_time is not on a minute")
        if any(later <= earlier for earlier, later in itertools.pairwise(times)):
            raise ValueError("open_time does not rise")
        if times[0] // HOUR_MS != times[-1] // HOUR_MS:
            raise ValueError("the page crosses an hour")
        if any(price <= 0 for name in ("open", "high", "low", "close") for price in getattr(self, name)):
            raise ValueError("a price is not positive")
        if any(high < low for high, low in zip(self.high, self.low, strict=True)):
            raise ValueError("a high is below its low")
        if any(volume < 0 for volume in self.volume):
            raise ValueError("a volume is negative")
        return self

    @property
    def key(self) -> bytes:
        return self.symbol.encode()

    def to_json(self) -> bytes:
        """The Kafka value; columns that the exchange does not give are left out."""
        return orjson.dumps(self.model_dump(exclude_none=True))

    def to_avro(self) -> bytes:
        """The same as an Avro object (avro_page.py)."""
        return to_avro(self.model_dump())
