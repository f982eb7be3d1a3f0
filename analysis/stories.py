"""Near-duplicate titles within an hour are one story, told by several outlets."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Final

import polars as pl

WINDOW: Final = timedelta(minutes=60)
SIMILAR: Final = 0.5
# What carries no news; "not", "up" and "down" do.
_STOP_WORDS: Final = frozenset(
    [
        *("a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "in", "into", "is", "it"),
        *("its", "of", "on", "or", "that", "the", "this", "to", "was", "will", "with"),
    ]
)
_WORD: Final = re.compile(r"[^\W_]+(?:[.,]\d+)*")
Tokens = frozenset[str]


def tokens_of(title: str) -> Tokens:
    """The words and numbers of a title, in small letters, without those that carry no news.

    >>> sorted(tokens_of("Bitcoin falls to $96,500 as the ETFs bleed"))
    ['96,500', 'bitcoin', 'bleed', 'etfs', 'falls']
    """
    words = _WORD.findall(unicodedata.normalize("NFKC", title).casefold())
    return frozenset(words) - _STOP_WORDS


def similarity(one: Tokens, other: Tokens) -> float:
    """Jaccard's index: common words / words of either; 0 where there are none.

    Jaccard (1901); for near-duplicate text: Broder, "On the resemblance and containment of documents" (1997).
    """
    either = len(one | other)
    return len(one & other) / either if either else 0.0


def stories(posts: pl.DataFrame) -> pl.DataFrame:
    """Columns source, post_id, title, published_at, one row or more a post -> source, post_id, story.

    Two posts tell one story when they were published within 60 minutes and their titles' similarity is 0.5 or more;
    so do two that a third joins (connected components: the order of the rows does not matter). A story is named
    source:post_id by its first post. Of several rows of a post the last one counts.
    """
    each = (
        posts.select("source", "post_id", "title", "published_at")
        .unique(["source", "post_id"], keep="last", maintain_order=True)
        .sort("published_at", "source", "post_id")
    )
    tokens = [tokens_of(title or "") for title in each["title"].to_list()]
    leaders = list(range(each.height))
    for one, other in _pairs(tokens, each["published_at"].to_list()):
        low, high = sorted((_leader(leaders, one), _leader(leaders, other)))
        leaders[high] = low
    names = (each["source"] + ":" + each["post_id"]).to_list()
    story = [names[_leader(leaders, place)] for place in range(each.height)]
    return each.select("source", "post_id", pl.Series("story", story, dtype=pl.String))


def _leader(leaders: list[int], place: int) -> int:
    while leaders[place] != place:
        leaders[place] = leaders[leaders[place]]
        place = leaders[place]
    return place


def _pairs(tokens: Sequence[Tokens], times: Sequence[datetime]) -> Iterator[tuple[int, int]]:
    """All pairs that tell one story, times rising.

    Two sets with a similarity of `SIMILAR` share at least one of the first `size - ceil(SIMILAR * size) + 1` words of
    each, in any order that is the same for both; with the rarest first, few others share one (prefix filtering:
    Chaudhuri, Ganti, Kaushik, "A primitive operator for similarity joins", 2006).
    """
    counts = Counter(word for words in tokens for word in words)
    seen: defaultdict[str, deque[int]] = defaultdict(deque)
    for place, words in enumerate(tokens):
        rarest = sorted(words, key=lambda word: (counts[word], word))
        prefix = rarest[: len(words) - ceil(SIMILAR * len(words)) + 1]
        candidates: set[int] = set()
        for word in prefix:
            recent = seen[word]
            while recent and times[place] - times[recent[0]] > WINDOW:
                recent.popleft()
            candidates.update(recent)
            recent.append(place)
        for other in sorted(candidates):
            if similarity(words, tokens[other]) >= SIMILAR:
                yield other, place
