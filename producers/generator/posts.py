"""Generated posts, each with the wake that it leaves: what is planted is what can be found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from newswake.messages import HOUR_MS, MINUTE_MS
from producers.chance import stream
from producers.generator.titles import title_of
from producers.generator.universe import COINS, UNFOLLOWED
from producers.simulator.life import SimulatedPost, arrival, hot_time, votes_scale
from producers.simulator.world import FeedItem

DAY_MS = 24 * HOUR_MS
POSTS_PER_DAY = 300.0
FEED_ITEMS_PER_DAY = 30.0
MAX_POSTS_PER_DAY = 2_000  # ids of one day lie inside a range of this size
FIRST_ID = 20_000_000
LISTED_DAYS = 3  # how far back the API lists

HOT_SHARE = 0.08
TAG_COUNTS = (0.12, 0.45, 0.22, 0.12, 0.06, 0.03)  # shares of posts with 0, 1, … 5 coins
IMPACT_SIGMA, IMPACT_LEAST = 0.009, 0.003
DOMAINS = ("coindesk.com", "cointelegraph.com", "decrypt.co", "u.today", "theblock.co", "newsbtc.com")


@dataclass(frozen=True)
class Wake:
    """A planted move: the log price of `symbol` gains `impact` × (1 − exp(−t / scale)) at t after the publication."""

    symbol: str
    impact: float
    scale_ms: float

    def at(self, published_at: int, moments: np.ndarray) -> np.ndarray:
        """Its part of the log price at `moments` (epoch ms)."""
        age = np.maximum(0, moments - published_at)
        return np.asarray(-self.impact * np.expm1(-age / self.scale_ms))


@dataclass(frozen=True)
class GeneratedPost:
    """A post and the wakes that it leaves; only hot posts leave any."""

    post: SimulatedPost
    wakes: tuple[Wake, ...]


class GeneratedNews:
    """Posts and feed entries from the day of `first` (epoch ms) on, as a function of the seed and the day."""

    def __init__(self, seed: int, first: int, end: int | None = None, posts_per_day: float = POSTS_PER_DAY) -> None:
        self._seed = seed
        self._first_day = first // DAY_MS
        self._end = end
        self._posts_per_day = posts_per_day
        self._days: dict[int, tuple[GeneratedPost, ...]] = {}
        self._codes = np.array(list(COINS))
        self._weights = np.array([coin.weight for coin in COINS.values()], dtype=np.float64)
        self._weights /= self._weights.sum()

    def day(self, day: int) -> tuple[GeneratedPost, ...]:
        """The posts of a day (number since 1970), by publication; none before the first day."""
        if day < self._first_day:
            return ()
        found = self._days.get(day)
        if found is None:
            found = self._days.setdefault(day, self._make(day))
        return found

    def newest_first(self, now: int) -> Iterator[SimulatedPost]:
        today = now // DAY_MS
        for day in range(today, today - LISTED_DAYS - 1, -1):
            for made in reversed(self.day(day)):
                if made.post.published_at <= now:
                    yield made.post

    def items(self, now: int) -> Iterator[FeedItem]:
        """Entries of the feed: other news than the API's, without wakes."""
        today = now // DAY_MS
        for day in (today, today - 1):
            for item in reversed(self._feed_day(day)):
                if item.arrives_at <= now:
                    yield item

    def _make(self, day: int) -> tuple[GeneratedPost, ...]:
        chance = stream(self._seed, "posts", day)
        count = min(int(chance.poisson(self._posts_per_day)), MAX_POSTS_PER_DAY)
        seconds = np.sort(chance.integers(0, 86_400, count))
        whole = chance.random(count) < 0.13  # many publishers round to the minute
        seconds = np.sort(np.where(whole, seconds // 60 * 60, seconds))
        numbers = chance.permutation(MAX_POSTS_PER_DAY)[:count]
        posts = []
        for second, number in zip(seconds.tolist(), numbers.tolist(), strict=True):
            post_id = FIRST_ID + day * MAX_POSTS_PER_DAY + number
            posts.append(self._post(post_id, day * DAY_MS + second * 1000, chance))
        return tuple(posts)

    def _post(self, post_id: int, published_at: int, chance: np.random.Generator) -> GeneratedPost:
        count = int(chance.choice(len(TAG_COUNTS), p=TAG_COUNTS))
        coins = [str(code) for code in chance.choice(self._codes, count, replace=False, p=self._weights)]
        hot = bool(coins) and chance.random() < HOT_SHARE * 1.1
        wakes = tuple(_wake(code, chance) for code in coins) if hot else ()
        codes = [*coins, *([str(chance.choice(UNFOLLOWED))] if chance.random() < 0.1 else [])]
        spaced = tuple(f"{code} " if chance.random() < 0.05 else code for code in codes)
        arrives_at = arrival(self._seed, post_id, published_at, self._end)
        domain = str(chance.choice(DOMAINS))
        post = SimulatedPost(
            id=post_id,
            title=title_of(coins, chance),
            published_at=published_at,
            arrives_at=arrives_at,
            hot_at=hot_time(self._seed, post_id, published_at, arrives_at, self._end) if hot else None,
            codes=spaced,
            votes=_votes(hot, chance),
            votes_scale_ms=votes_scale(self._seed, post_id, arrives_at, self._end),
            url=f"https://cryptopanic.com/news/{post_id}/",
            domain=domain,
            kind="media" if chance.random() < 0.05 else "news",
            panic_score=int(chance.integers(20, 100)) if hot else None,
        )
        return GeneratedPost(post, wakes)

    def _feed_day(self, day: int) -> list[FeedItem]:
        if day < self._first_day:
            return []
        chance = stream(self._seed, "feed", day)
        items = []
        for number, second in enumerate(np.sort(chance.integers(0, 86_400, int(chance.poisson(FEED_ITEMS_PER_DAY))))):
            name, published = f"press-{day}-{number}", day * DAY_MS + int(second) * 1000
            coins = [str(chance.choice(self._codes, p=self._weights))] if chance.random() < 0.85 else []
            arrives = min(arrival(self._seed, name, published, self._end), published + HOUR_MS)
            link = f"https://press.simulated.invalid/{name}"
            items.append(FeedItem(name, title_of(coins, chance), link, published, arrives))
        return items


def _wake(code: str, chance: np.random.Generator) -> Wake:
    impact = float(chance.normal(0, IMPACT_SIGMA))
    impact += IMPACT_LEAST if impact >= 0 else -IMPACT_LEAST
    return Wake(code, impact, float(chance.uniform(0.5, 30.0)) * MINUTE_MS)


def _votes(hot: bool, chance: np.random.Generator) -> tuple[int | None, ...] | None:
    counts = chance.poisson([9, 30, 15, 25, 5, 2, 2, 6, 4] if hot else [0.4, 1.5, 0.5, 1.0, 0.3, 0.1, 0.1, 0.3, 0.2])
    return None if not hot and chance.random() < 0.5 else tuple(counts.tolist())
