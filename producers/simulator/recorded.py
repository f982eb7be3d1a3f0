"""A world from a recording: its candles with their outages, its posts with a life of their own."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import polars as pl

from newswake.clock import to_ms
from newswake.errors import RecordingError
from newswake.messages import MINUTE_MS
from producers.chance import key_of, uniforms
from producers.recordings.candles import PRICES, CandleRecording, open_candles
from producers.recordings.folder import RecordingFolder
from producers.recordings.posts import PostRecording, RecordedPost, read_posts
from producers.simulator.life import SimulatedPost, arrival, hot_time, votes_scale
from producers.simulator.world import Block, FeedItem, Floats, Ints, Pair, World

log = logging.getLogger(__name__)


class RecordedMarket:
    """Recorded candles, whole in memory. Trades and taker volume that were not recorded are made up from the seed."""

    def __init__(self, recording: CandleRecording | None, seed: int) -> None:
        windows = list(recording.windows()) if recording else []
        rows = pl.concat(windows) if windows else pl.DataFrame()
        if windows and rows["exchange"].n_unique() > 1:
            names = ", ".join(sorted(rows["exchange"].unique()))
            raise RecordingError(f"The recording holds candles of several exchanges ({names}); simulate needs one")
        parts = rows.partition_by("symbol", "quote", as_dict=True) if windows else {}
        self._blocks = {Pair(str(name[0]), str(name[1])): _block(part, seed) for name, part in sorted(parts.items())}
        self.pairs = tuple(self._blocks)
        self.first = min((int(block.open_time[0]) for block in self._blocks.values()), default=0)

    def block(self, pair: Pair, first: int, last: int) -> Block:
        return self._blocks[pair].between(first, last)


def _block(rows: pl.DataFrame, seed: int) -> Block:
    name = f"{rows['symbol'][0]}/{rows['quote'][0]}"
    times = rows["open_time"].dt.epoch("ms").to_numpy()
    volume = rows["volume"].to_numpy()
    trades, taker = invented(seed, name, times, volume)
    if "trades" in rows.columns:
        trades = rows["trades"].fill_null(pl.Series(trades)).to_numpy()
    if "taker_buy_volume" in rows.columns:
        taker = rows["taker_buy_volume"].fill_null(pl.Series(taker)).to_numpy()
    prices = [rows[column].to_numpy() for column in PRICES]
    return Block(times, prices[0], prices[1], prices[2], prices[3], volume, trades, taker)


def invented(seed: int, name: str, times: Ints, volume: Floats) -> tuple[Ints, Floats]:
    """A trade count and a taker-buy volume for each minute: plausible, repeatable, and made up."""
    share = 0.3 + 0.4 * uniforms(key_of(seed, name, "taker"), times)
    count = 1 + np.floor(20 ** (1 + 1.5 * uniforms(key_of(seed, name, "trades"), times)))
    trades = np.where(volume > 0, count, 0).astype(np.int64)
    return trades, np.round(volume * share, 8)


class RecordedNews:
    """Recorded posts. As a feed they are told once more, for whoever asks for the feed instead of the API."""

    def __init__(self, recording: PostRecording | None, seed: int, end: int) -> None:
        latest = _one_each(recording.posts if recording else ())
        lives = [_life(post, seed, end) for post in latest]
        self._posts = sorted(lives, key=lambda post: (post.published_at, str(post.id)))
        self._published = [post.published_at for post in self._posts]

    def newest_first(self, now: int) -> Iterator[SimulatedPost]:
        return islice(reversed(self._posts), len(self._posts) - bisect_right(self._published, now), None)

    def items(self, now: int) -> Iterator[FeedItem]:
        for post in self.newest_first(now):
            if post.arrives_at <= now:
                yield FeedItem(str(post.id), post.title, post.url, post.published_at, post.arrives_at)


def _one_each(posts: Iterable[RecordedPost]) -> list[tuple[RecordedPost, RecordedPost, bool]]:
    """For each post its first observation, its last one, and whether it was ever hot."""
    found: dict[tuple[str, str], tuple[RecordedPost, RecordedPost, bool]] = {}
    for post in posts:
        key = (post.source, post.id)
        first, _, hot = found.get(key, (post, post, False))
        found[key] = (first, post, hot or bool(post.hot))
    return list(found.values())


def _life(observed: tuple[RecordedPost, RecordedPost, bool], seed: int, end: int) -> SimulatedPost:
    first, last, hot = observed
    arrives_at = arrival(seed, first.id, first.published_at, end)
    if first.created_at is not None:
        arrives_at = max(first.published_at, min(first.created_at, end))
    return SimulatedPost(
        id=int(first.id) if first.id.isdecimal() else first.id,
        title=last.title,
        published_at=first.published_at,
        arrives_at=arrives_at,
        hot_at=hot_time(seed, first.id, first.published_at, arrives_at, end) if hot else None,
        codes=last.currencies,
        votes=last.votes,
        votes_scale_ms=votes_scale(seed, first.id, arrives_at, end),
        url=last.url or f"https://cryptopanic.com/news/{first.id}/",
        domain=last.domain or "cryptopanic.com",
        kind=last.kind or "news",
        panic_score=last.panic_score,
    )


def recorded_world(folder: RecordingFolder, seed: int, exchange: str, quote: str) -> World:
    """The world of a recording, from its first minute to its end. Raises `RecordingError` when it cannot be read.

    Its end is the close of the last candle or the last publication, whichever is later: by then every post has
    arrived, and every vote and hot flag stands as recorded.
    """
    posts = read_posts(folder.posts) if folder.posts else None
    moments = [(posts.places[0], to_ms(posts.last_published))] if posts else []
    if folder.candles:
        with open_candles(folder.candles, exchange, quote) as candles:
            market = RecordedMarket(candles, seed)
            moments.append((to_ms(candles.first), to_ms(candles.end)))
        if candles.repeated:
            log.warning("%d rows are left out because their minute had come before", candles.repeated)
    else:
        market = RecordedMarket(None, seed)
    start = min(first for first, _ in moments) // MINUTE_MS * MINUTE_MS
    end = max(last for _, last in moments)
    news = RecordedNews(posts, seed, end)
    return World(market, news, news, start, end)
