"""What was last published of each post, so that only what is new or changed is published again.

A small database on disk. It is written after the broker has the messages: a crash between the two publishes an
observation twice, which the tables take once, and loses none.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from newswake.clock import from_ms, to_ms
from newswake.errors import ServiceError
from newswake.messages import Observation
from producers.posts.source import Draft
from producers.posts.text import EARLIEST

log = logging.getLogger(__name__)
TOUCH_AFTER = timedelta(hours=6)  # an entry that stays in a feed is noted as still seen this often
# Nothing can be published after it was seen: what is dated further ahead of us than clocks differ is dated by us, and
# the time at which its source made it is left out. The stream refuses a post with any time of the future.
CLOCK_TOLERANCE = timedelta(minutes=5)
_SCHEMA = """
create table if not exists published (
    source text not null, id text not null, digest blob not null, hot integer,
    published_ms integer not null, ours integer not null, seen_ms integer not null, primary key (source, id)
) without rowid;
create table if not exists sources (source text not null primary key, read_until_ms integer not null) without rowid;
"""


@dataclass(frozen=True)
class Known:
    """The last published state of a post. `ours`: its source gave no time that can be believed, so we did."""

    digest: bytes
    hot: bool | None
    published_ms: int
    ours: bool
    seen_ms: int


@dataclass(frozen=True)
class Change:
    """An observation to publish, and what to remember of it afterwards."""

    observation: Observation
    known: Known


class ObservationStore:
    """Not shared between threads without a lock. `keep` is how long a post that is seen no more is remembered."""

    def __init__(self, path: Path, keep: timedelta) -> None:
        self._path = path
        self._keep = keep
        self._pruned_at: datetime | None = None
        with self._guarded():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._database.execute("pragma journal_mode = wal")
            self._database.executescript(_SCHEMA)

    def changes(self, source: str, drafts: Iterable[Draft], seen_at: datetime) -> list[Change]:
        """What is new or differs from what was last published. Writes nothing but that known posts were seen.

        Hot is sticky: once hot, a post stays hot; where the source does not say, what it said last holds.
        """
        found: list[Change] = []
        still_seen: list[str] = []
        for draft in drafts:
            known = self._known(source, draft.id)
            change = _change(source, draft, known, seen_at)
            if change is None:
                continue
            if known is None or known.digest != change.known.digest:
                found.append(change)
            elif seen_at - from_ms(known.seen_ms) > TOUCH_AFTER:
                still_seen.append(draft.id)
        rows = [(to_ms(seen_at), source, post_id) for post_id in still_seen]
        self._write_many("update published set seen_ms = ? where source = ? and id = ?", rows)
        return found

    def remember(self, changes: Iterable[Change], now: datetime) -> None:
        """Note that the broker has these. What was not seen for long is forgotten."""
        rows = [
            (
                change.observation.source,
                change.observation.id,
                change.known.digest,
                change.known.hot,
                change.known.published_ms,
                change.known.ours,
                change.known.seen_ms,
            )
            for change in changes
        ]
        self._write_many("insert or replace into published values (?, ?, ?, ?, ?, ?, ?)", rows)
        if self._pruned_at is None or not timedelta(0) <= now - self._pruned_at < timedelta(hours=1):
            self._write_many("delete from published where seen_ms < ?", [(to_ms(now - self._keep),)])
            self._pruned_at = now

    def note_read(self, source: str, until: datetime) -> None:
        """Note up to when a source was read."""
        self._write_many("insert or replace into sources values (?, ?)", [(source, to_ms(until))])

    def read_until(self, source: str) -> datetime | None:
        """Up to when a source was read, by this run or a former one; None when never."""
        with self._guarded():
            row = self._database.execute("select read_until_ms from sources where source = ?", (source,)).fetchone()
        return from_ms(row[0]) if row else None

    def close(self) -> None:
        with self._guarded():
            self._database.close()

    def _known(self, source: str, post_id: str) -> Known | None:
        with self._guarded():
            row = self._database.execute(
                "select digest, hot, published_ms, ours, seen_ms from published where source = ? and id = ?",
                (source, post_id),
            ).fetchone()
        if row is None:
            return None
        digest, hot, published_ms, ours, seen_ms = row
        return Known(digest, None if hot is None else bool(hot), published_ms, bool(ours), seen_ms)

    def _write_many(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        if not rows:
            return
        with self._guarded():
            self._database.execute("begin")
            try:
                self._database.executemany(statement, rows)
            except sqlite3.Error:
                self._database.execute("rollback")
                raise
            self._database.execute("commit")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise ServiceError(
                f"{self._path}, which remembers the published posts, cannot be used ({error}); make room on the disk, "
                "or delete the file: what is in the sources is then published once more"
            ) from error


def _change(source: str, draft: Draft, known: Known | None, seen_at: datetime) -> Change | None:
    """The observation of a draft given what is known; None (and a warning) where it does not fit the contract."""
    hot = draft.hot
    if known is not None and known.hot is not None and (known.hot or hot is None):
        hot = known.hot
    if known is not None and (known.ours or not draft.dated):
        published_at, ours = from_ms(known.published_ms), known.ours
    elif draft.published_at is not None and draft.dated and draft.published_at <= seen_at + CLOCK_TOLERANCE:
        published_at, ours = draft.published_at, False
    else:
        published_at, ours = min(draft.published_at or seen_at, seen_at), True
    believed = draft.created_at is not None and draft.created_at <= seen_at + CLOCK_TOLERANCE
    draft = replace(draft, hot=hot, created_at=draft.created_at if believed else None)
    try:
        observation = draft.observed(source, published_at, seen_at)
    except ValidationError as error:
        log.warning(
            "source %s: post %.80r is left out: %s", source, draft.id, error.errors(include_url=False)[0]["msg"]
        )
        return None
    return Change(observation, Known(_digest(observation), hot, to_ms(published_at), ours, to_ms(seen_at)))


def _digest(observation: Observation) -> bytes:
    """A hash of everything that the observation says but the time of the poll."""
    return hashlib.blake2b(observation.model_copy(update={"seen_at": EARLIEST}).to_json(), digest_size=16).digest()
