"""What arrived and what came out, in one line, from the tables in MongoDB and the sources' own states."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pymongo.database import Database

GOOD_CONDITIONS = ("ok", "delayed")


@dataclass(frozen=True)
class Counts:
    """Rows in MongoDB, and when the newest candle closed was opened."""

    posts: int = 0
    candles: int = 0
    priced: int = 0
    missing: int = 0
    dead_letters: int = 0
    newest_candle: datetime | None = None


def count(database: Database[dict[str, Any]]) -> Counts:
    """Raises `PyMongoError` when the database does not answer."""
    # One look for both, so that a row which is just being written is not subtracted from the others.
    by_status = database["post_prices"].aggregate([{"$group": {"_id": "$price_status", "rows": {"$sum": 1}}}])
    rows = {group["_id"]: int(group["rows"]) for group in by_status}
    missing = rows.pop("missing", 0)
    newest = database["candles"].find_one({}, {"open_time": 1}, sort=[("open_time", -1)])
    return Counts(
        posts=database["posts"].estimated_document_count(),
        candles=database["candles"].estimated_document_count(),
        priced=sum(rows.values()),
        missing=missing,
        dead_letters=database["dead_letters"].estimated_document_count(),
        newest_candle=newest["open_time"] if newest else None,
    )


def line(now: Counts, before: Counts, label: str, troubled: int = 0) -> str:
    """One line: totals, in brackets what is new since the last one, and how many sources do not do well.

    >>> line(Counts(posts=12, candles=3), Counts(posts=10, candles=3), "SIMULATED, 60x")
    '[SIMULATED, 60x] posts 12 (+2), candles 3, prices 0 and 0 missing, no dead letters'
    """
    dead = _grown("dead letters", now.dead_letters, before.dead_letters) if now.dead_letters else "no dead letters"
    parts = [
        _grown("posts", now.posts, before.posts),
        _grown("candles", now.candles, before.candles),
        f"{_grown('prices', now.priced, before.priced)} and {now.missing:,} missing",
        dead,
    ]
    if now.newest_candle:
        parts.append(f"newest candle {now.newest_candle:%Y-%m-%d %H:%M}")
    if troubled:
        parts.append(f"{troubled} source{'s are' if troubled > 1 else ' is'} not ok (make status)")
    return f"[{label}] {', '.join(parts)}"


def _grown(what: str, now: int, before: int) -> str:
    return f"{what} {now:,}" + (f" (+{now - before:,})" if now > before else "")


def source_states(home: Path) -> list[dict[str, Any]]:
    """The states that the producers wrote, by source."""
    found = []
    for file in sorted((home / "states").glob("*.json")):
        try:
            found.append(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError):  # replaced or removed at this moment: the next line has it
            continue
    return found


class Troubles:
    """Tells each trouble of a source once, and when it is over."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, str]] = {}

    def news(self, states: Iterable[Mapping[str, Any]]) -> list[str]:
        sentences = []
        for state in states:
            source, condition = str(state.get("source")), str(state.get("condition"))
            told = self._told.get(source)
            if condition not in GOOD_CONDITIONS:
                if told != (condition, str(state.get("reason"))):
                    sentences.append(trouble(state))
                self._told[source] = (condition, str(state.get("reason")))
            elif self._told.pop(source, None):
                sentences.append(f"{source} is {condition} again")
        return sentences

    def __len__(self) -> int:
        return len(self._told)


def trouble(state: Mapping[str, Any]) -> str:
    """A source that does not do well, as one clause.

    >>> trouble({"source": "rss.a.com", "condition": "waiting", "reason": "HTTP 429", "next_try_at": None})
    'rss.a.com is waiting (HTTP 429)'
    """
    text = f"{state.get('source')} is {state.get('condition')} ({state.get('reason')})"
    return text + (f", next try {state['next_try_at']}" if state.get("next_try_at") else "")
