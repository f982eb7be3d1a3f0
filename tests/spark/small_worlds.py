"""Small worlds of messages: observations and pages in the order of their offsets, and how to draw them at random.

Times are whole numbers (seconds or minutes) after `START`, so that an oracle can compute with them as it likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tests.spark.frames import Message, as_json

START = datetime(2025, 1, 6, tzinfo=UTC)
START_MS = int(START.timestamp()) * 1000
ARRIVED = START + timedelta(days=9)
DAY = 1_440


def moment(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def iso(seconds: int) -> str:
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Observed:
    """A post as it was seen: `published` and `seen` in seconds, `tags` as the source wrote them."""

    post_id: str
    published: int
    seen: int
    tags: tuple[str, ...] = ("BTC",)
    hot: bool | None = None

    def message(self) -> Message:
        body = {
            "id": self.post_id,
            "source": "cryptopanic",
            "title": f"Post {self.post_id}",
            "published_at": iso(self.published),
            "seen_at": iso(self.seen),
            "hot": self.hot,
            "currencies": [{"code": tag} for tag in self.tags],
        }
        return self.post_id.encode(), as_json(body), ARRIVED


@dataclass(frozen=True)
class Candles:
    """A page: the closes of one coin by minute, `seen` in seconds; `filled` are the minutes carried forward."""

    symbol: str
    closes: dict[int, float]
    seen: int
    filled: frozenset[int] | None = None

    def message(self) -> Message:
        prices = list(self.closes.values())
        body = {
            "symbol": self.symbol,
            "quote": "USDT",
            "exchange": "binance",
            "interval": "1m",
            "seen_at": START_MS + self.seen * 1000,
            "open_time": [START_MS + minute * 60_000 for minute in self.closes],
            # Neither the open nor the extremes are ever the price.
            "open": [price * 3 for price in prices],
            "high": [price * 4 for price in prices],
            "low": [price / 4 for price in prices],
            "close": prices,
            "volume": [1.0] * len(prices),
        }
        if self.filled is not None:
            body["filled"] = [minute in self.filled for minute in self.closes]
        return self.symbol.encode(), as_json(body), ARRIVED


@dataclass(frozen=True)
class World:
    """Both topics; an item's place is its offset."""

    posts: tuple[Observed, ...]
    candles: tuple[Candles, ...]


def together(worlds: Sequence[World]) -> World:
    """Worlds that do not know each other in the same topics: one frame, and one job, for all of them."""
    posts = [
        Observed(
            f"{place}-{post.post_id}", post.published, post.seen, tuple(_of(place, tag) for tag in post.tags), post.hot
        )
        for place, world in enumerate(worlds)
        for post in world.posts
    ]
    candles = [
        Candles(f"{page.symbol}{place}", page.closes, page.seen, page.filled)
        for place, world in enumerate(worlds)
        for page in world.candles
    ]
    return World(tuple(posts), tuple(candles))


def _of(place: int, tag: str) -> str:
    code = tag.strip()
    return tag.replace(code, f"{code}{place}") if code else tag


def close_of(symbol: str, minute: int, revision: int = 0) -> float:
    """A close that no other coin, minute or revision has."""
    return 1.0 + minute + 20_000 * len(symbol) + revision / 8


TAGS = st.sampled_from(["BTC", "BTC ", "btc", "ETHER", " ETHER", "GHOST", "", "  "])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A few posts, seen again and edited, around a few stretches of candles with gaps, repetitions and revisions."""
    origin = draw(st.integers(0, DAY))
    candles = [page for symbol in ("BTC", "ETHER") for page in draw(_pages(symbol, origin))]
    posts = [observed for number in range(draw(st.integers(0, 3))) for observed in draw(_observations(number, origin))]
    return World(tuple(draw(st.permutations(posts))), tuple(draw(st.permutations(candles))))


@st.composite
def _observations(draw: st.DrawFn, number: int, origin: int) -> list[Observed]:
    published = origin * 60 + draw(st.integers(-300, 5_400))
    tags = tuple(draw(st.lists(TAGS, max_size=4)))
    found = []
    for _ in range(draw(st.integers(1, 3))):
        seen = published + draw(st.sampled_from([0, 30, 30, 4_000, 90_000]))
        edited = published + draw(st.sampled_from([0, 0, 61, -3_600]))
        found.append(Observed(f"p{number}", edited, seen, tags, draw(st.sampled_from([None, False, True]))))
    return found


@st.composite
def _pages(draw: st.DrawFn, symbol: str, origin: int) -> list[Candles]:
    found = []
    for start in draw(st.lists(st.sampled_from([-6, 0, 40, 55, 100, 235, DAY - 3]), max_size=4)):
        first = origin + start
        gap = draw(st.integers(0, 40))
        minutes = [first + place for place in range(draw(st.integers(1, 90))) if place != gap]
        for revision in range(draw(st.integers(1, 2))):
            cut = draw(st.integers(0, len(minutes)))
            seen = minutes[-1] * 60 + 60 + draw(st.sampled_from([0, 0, 600]))
            carried = frozenset(minutes[1 : draw(st.integers(1, 4))]) if draw(st.booleans()) else None
            for part in (minutes[:cut], minutes[cut:]):
                if part:
                    closes = {minute: close_of(symbol, minute, revision) for minute in part}
                    found.append(Candles(symbol, closes, seen, carried))
    return found
