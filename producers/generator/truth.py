"""What was planted, written beside for tests: one JSONL file a day, one line a post."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

from newswake.clock import from_ms
from producers.generator.posts import DAY_MS, GeneratedNews, GeneratedPost


def truth_of(made: GeneratedPost) -> Mapping[str, object]:
    """A post's truth. Times are epoch milliseconds, impacts differences of log prices."""
    post = made.post
    return {
        "post_id": post.id,
        "published_at": post.published_at,
        "arrives_at": post.arrives_at,
        "hot_at": post.hot_at,
        "currencies": [code.strip() for code in post.codes],
        "wakes": [
            {"symbol": wake.symbol, "impact": wake.impact, "scale_minutes": wake.scale_ms / 60_000}
            for wake in made.wakes
        ],
    }


class TruthFolder:
    """The truth of the days that have begun. A day's file is whole from the start, its future posts included."""

    def __init__(self, folder: Path, news: GeneratedNews, first: int) -> None:
        self._folder = folder
        self._news = news
        self._next_day = first // DAY_MS

    def write_until(self, now: int) -> None:
        """Write the files that are due. The same content again after a restart."""
        while self._next_day <= now // DAY_MS:
            self._folder.mkdir(parents=True, exist_ok=True)
            target = self._folder / f"{date_of(self._next_day)}.jsonl"
            target.write_bytes(lines(self._news.day(self._next_day)))
            self._next_day += 1


def lines(posts: Iterable[GeneratedPost]) -> bytes:
    return b"".join(orjson.dumps(truth_of(made)) + b"\n" for made in posts)


def date_of(day: int) -> str:
    """The date of a day's number.

    >>> date_of(20089)
    '2025-01-01'
    """
    return from_ms(day * DAY_MS).date().isoformat()
