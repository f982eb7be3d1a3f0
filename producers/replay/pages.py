"""From the rows of a recording to messages."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from pydantic import ValidationError

from newswake.clock import from_ms, to_iso
from newswake.errors import RecordingError
from newswake.messages import MINUTE_MS, VOTE_KINDS, CandlePage, Observation, Votes
from producers.recordings.candles import IDENTITY, OPTIONAL, PRICES, CandleRecording
from producers.recordings.posts import RecordedPost

MAX_TEXT = 4_000


def pages_of(recording: CandleRecording, minutes: int = 60) -> Iterator[tuple[int, CandlePage]]:
    """Pages of up to `minutes` (a divisor of 60) candles, each with the time (epoch ms) at which its span is over.

    Forward in time over all coins together. A missing minute stays missing, a page never crosses an hour.
    Unless the recording says when a candle was seen, a page was seen when its last candle closed: the same in every
    replay, and never earlier than it can have been known.

    Raises `RecordingError` when a row breaks the contract of a page.
    """
    for window in recording.windows():
        yield from _pages(window, minutes, recording.columns)


def _pages(window: pl.DataFrame, minutes: int, optional: tuple[str, ...]) -> Iterator[tuple[int, CandlePage]]:
    epochs = [pl.col(name).dt.epoch("ms") for name in ("open_time", "seen_at") if name in window.columns]
    group = ["span", *(name for name in IDENTITY if name != "open_time")]
    spans = (
        window.with_columns(pl.col("open_time").dt.truncate(f"{minutes}m").dt.epoch("ms").alias("span"))
        .with_columns(epochs)
        .sort("span", "symbol", "quote", "exchange", "open_time")
        .group_by(group, maintain_order=True)
        .agg("open_time", *PRICES, "volume", *optional)
    )
    for row in spans.iter_rows(named=True):
        times = row["open_time"]
        columns = {name: row[name] for name in OPTIONAL if _any(row.get(name))}
        seen = [moment for moment in columns.pop("seen_at", ()) if moment is not None]
        if "filled" in columns:
            columns["filled"] = [bool(value) for value in columns["filled"]]
        try:
            page = CandlePage(
                symbol=row["symbol"],
                quote=row["quote"],
                exchange=row["exchange"],
                seen_at=max(seen, default=times[-1] + MINUTE_MS),
                open_time=times,
                **{name: row[name] for name in (*PRICES, "volume")},
                **columns,
            )
        except ValidationError as error:
            what = f"The recorded candles of {row['symbol']} in the hour of {to_iso(from_ms(row['span']))} are no page"
            raise RecordingError(f"{what}: {_cause(error)}") from None
        yield row["span"] + minutes * MINUTE_MS, page


def _any(values: list[object] | None) -> bool:
    return values is not None and any(value is not None for value in values)


def observation_of(post: RecordedPost, known_end: int) -> Observation:
    """The message of a recorded post.

    A recording without `seen_at` does not know when the post was read, and its votes were counted long after the
    publication: they contain the future. Such an observation was seen at `known_end` (epoch ms), the end of the
    recording, the only moment at which all that it says was certainly known; nothing that goes by `seen_at` can
    then look ahead. (Who has several of one post gives each a `known_end` of its own.)

    Raises `RecordingError` when the row breaks the contract of an observation.
    """
    try:
        return Observation(
            id=post.id,
            source=post.source,
            kind=_bounded(post.kind),
            title=post.title[:MAX_TEXT],
            url=_bounded(post.url),
            domain=_bounded(post.domain),
            published_at=from_ms(post.published_at),
            created_at=None if post.created_at is None else from_ms(post.created_at),
            seen_at=from_ms(known_end if post.seen_at is None else post.seen_at),
            hot=post.hot,
            currencies=post.currencies,
            votes=None if post.votes is None else Votes(**dict(zip(VOTE_KINDS, post.votes, strict=True))),
            panic_score=post.panic_score,
        )
    except ValidationError as error:
        raise RecordingError(f"The recorded post {post.id[:80]!r} is no observation: {_cause(error)}") from None


def _cause(error: ValidationError) -> str:
    detail = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"


def _bounded(text: str | None) -> str | None:
    return text if text is not None and len(text) <= MAX_TEXT else None
