"""What is in the two topics: items in the order of their arrival, and the minutes at which they arrive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
START = datetime(2025, 3, 3, tzinfo=UTC)
SOURCE = "cryptopanic"
EXCHANGE = "binance"
QUOTE = "USDT"


@dataclass(frozen=True)
class Observed:
    """A post as it was seen at `at`, which is also when it arrives."""

    at: datetime
    post_id: str
    published_at: datetime
    currencies: tuple[str, ...] = ("BTC",)
    hot: bool | None = None

    @property
    def seen_at(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Beat:
    """A heartbeat: the sources were read up to `at`."""

    at: datetime


@dataclass(frozen=True)
class Page:
    """Candles of one coin: open times, closes, whether carried forward. It arrives at `at`."""

    at: datetime
    symbol: str
    times: tuple[datetime, ...]
    closes: tuple[float, ...]
    filled: tuple[bool, ...] | None = None


PostItem = Observed | Beat


@dataclass(frozen=True)
class World:
    """Both topics, each in its order of arrival."""

    posts: tuple[PostItem, ...]
    candles: tuple[Page, ...]

    def without_beats(self) -> World:
        return replace(self, posts=tuple(item for item in self.posts if isinstance(item, Observed)))


def at(hours: float = 0, minutes: float = 0) -> datetime:
    """A moment of the world, counted from its start."""
    return START + timedelta(hours=hours, minutes=minutes)


def close_of(symbol: str, open_time: datetime) -> float:
    """The close of a minute: another one for every coin and minute, so that no wrong minute can look right."""
    base = 1_000.0 * (1 + sum(map(ord, symbol)) % 97)
    return round(base + (open_time - START) / MINUTE / 100, 2)


def page(
    symbol: str, first: datetime, minutes: int = 60, missing: Iterable[datetime] = (), arrives: datetime | None = None
) -> Page:
    """A page that begins at `first`, without the `missing` minutes; it arrives when its span is over."""
    absent = set(missing)
    times = tuple(time for k in range(minutes) if (time := first + k * MINUTE) not in absent)
    closes = tuple(close_of(symbol, time) for time in times)
    return Page(arrives or first + minutes * MINUTE, symbol, times, closes)


def revised(one: Page) -> Page:
    """The same minutes with other closes, as an exchange that corrects its history gives them later."""
    return replace(one, closes=tuple(round(close * 1.01, 2) for close in one.closes))


def hours_of(symbol: str, first: datetime, count: int) -> list[Page]:
    """Whole hour pages in a row."""
    return [page(symbol, first + k * HOUR) for k in range(count)]


def beats(first: datetime, last: datetime, every: timedelta = HOUR / 4) -> list[Beat]:
    """Heartbeats from `first` to `last`, both included."""
    return [Beat(first + k * every) for k in range((last - first) // every + 1)]


def in_order(*groups: Sequence[PostItem]) -> tuple[PostItem, ...]:
    """By arrival; a heartbeat comes after the posts that it covers."""
    items = [item for group in groups for item in group]
    return tuple(sorted(items, key=lambda item: (item.at, isinstance(item, Beat))))


def pages_in_order(*groups: Sequence[Page]) -> tuple[Page, ...]:
    """By arrival."""
    return tuple(sorted((item for group in groups for item in group), key=lambda item: item.at))
