"""Posts of a recording, one row an observation, in the order in which they are told."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from newswake.clock import from_ms, to_ms
from newswake.errors import RecordingError
from newswake.messages import VOTE_KINDS
from producers.recordings.columns import TIME, as_flag, as_number, as_time, scan, unreadable

REQUIRED = ("post_id", "title", "published_at", "currencies")
DEFAULT_SOURCE = "cryptopanic"


@dataclass(frozen=True)
class RecordedPost:
    """One row of a recording. Times are epoch milliseconds; None where the recording does not say."""

    id: str
    source: str
    title: str
    published_at: int
    created_at: int | None
    seen_at: int | None
    currencies: tuple[str, ...]
    hot: bool | None
    votes: tuple[int | None, ...] | None
    url: str | None
    domain: str | None
    kind: str | None
    panic_score: int | None


@dataclass(frozen=True)
class PostRecording:
    """The posts of a recording, forward in time, and when the last was published and last known of.

    `places` has one rising time (epoch ms) a post: the publication of its first observation.
    """

    posts: tuple[RecordedPost, ...]
    places: tuple[int, ...]
    last_published: datetime
    last_known: datetime


def read_posts(paths: Sequence[Path]) -> PostRecording:
    """The posts of `paths`, placed by the publication of their post's first observation.

    Several observations of one post stay in the order in which they were seen, also when a later one carries
    another `published_at`: the first one wins downstream, whatever the edit.

    Raises `RecordingError` when a file cannot be read, lacks a column, or a row has no id or no time.
    """
    posts = [post for path in paths for post in _read(path)]
    if not posts:
        raise RecordingError(f"The recording {', '.join(map(str, paths))} holds no posts")
    posts.sort(key=lambda post: post.seen_at or 0)  # stable: rows without it stay as they stand in the file
    place: dict[tuple[str, str], int] = {}
    for post in posts:
        place.setdefault((post.source, post.id), post.published_at)
    posts.sort(key=lambda post: place[post.source, post.id])
    known = (moment for post in posts for moment in (post.published_at, post.created_at, post.seen_at) if moment)
    places = tuple(place[post.source, post.id] for post in posts)
    return PostRecording(tuple(posts), places, from_ms(max(post.published_at for post in posts)), from_ms(max(known)))


def _read(path: Path) -> list[RecordedPost]:
    raw = scan(path, REQUIRED)
    kinds = raw.collect_schema()
    columns = [_text("post_id", kinds), _text("title", kinds), pl.col("currencies")]
    columns += [_time(name, kinds) for name in ("published_at", "created_at", "seen_at")]
    columns += [_text(name, kinds) for name in ("source", "domain", "kind")]
    columns.append(pl.coalesce(_text("url", kinds), _text("cryptopanic_url", kinds)).alias("url"))
    columns.append(as_flag("hot", kinds["hot"]) if "hot" in kinds else pl.lit(None, pl.Boolean).alias("hot"))
    columns += [_whole(name, kinds) for name in ("panic_score", *(f"votes_{kind}" for kind in VOTE_KINDS))]
    try:
        frame = raw.select(columns).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error
    for name in ("post_id", "published_at"):
        if frame[name].null_count():
            row = int(frame[name].is_null().arg_max() or 0) + 1
            raise RecordingError(f"The recording {path} has no readable {name} in row {row}")
    return [_post(row) for row in frame.iter_rows(named=True)]


def _post(row: dict[str, object]) -> RecordedPost:
    votes = tuple(_int(row[f"votes_{kind}"]) for kind in VOTE_KINDS)
    published = _ms(row["published_at"])
    assert published is not None  # checked by the reader, with the row's number
    return RecordedPost(
        id=str(row["post_id"]),
        source=str(row["source"] or DEFAULT_SOURCE).lower(),
        title=str(row["title"] or ""),
        published_at=published,
        created_at=_ms(row["created_at"]),
        seen_at=_ms(row["seen_at"]),
        currencies=codes_of(row["currencies"]),
        hot=None if row["hot"] is None else bool(row["hot"]),
        votes=None if all(count is None for count in votes) else votes,
        url=_string(row["url"]),
        domain=_string(row["domain"]),
        kind=_string(row["kind"]),
        panic_score=_int(row["panic_score"]),
    )


def codes_of(value: object) -> tuple[str, ...]:
    """Coin codes as they stand in a list, in JSON, or in text between separators; spaces are kept as found.

    >>> codes_of(["BTC ", "ETH"]), codes_of('["BTC","ETH"]'), codes_of("BTC, ETH"), codes_of(None)
    (('BTC ', 'ETH'), ('BTC', 'ETH'), ('BTC', 'ETH'), ())
    """
    if value is None:
        return ()
    if not isinstance(value, str):
        return tuple(str(code) for code in value if code is not None)  # type: ignore[attr-defined]
    text = value.strip()
    if text.startswith("["):
        try:
            return tuple(str(code) for code in json.loads(text))
        except ValueError:
            text = re.sub(r"[\[\]'\"]", " ", text)  # a printed list, such as "['BTC' 'ETH']"
    return tuple(code for code in re.split(r"[\s,;|]+", text) if code)


def _text(name: str, kinds: pl.Schema) -> pl.Expr:
    if name not in kinds:
        return pl.lit(None, pl.String).alias(name)
    text = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text).alias(name)


def _time(name: str, kinds: pl.Schema) -> pl.Expr:
    return as_time(name, kinds[name]) if name in kinds else pl.lit(None, TIME).alias(name)


def _whole(name: str, kinds: pl.Schema) -> pl.Expr:
    return as_number(name, kinds[name], pl.Int64) if name in kinds else pl.lit(None, pl.Int64).alias(name)


def _int(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _ms(value: object) -> int | None:
    return to_ms(value) if isinstance(value, datetime) else None
