"""The join as plain Python, for the engines that are programmed in it: no validation, no missing prices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
KEPT_HOURS = 31  # as the application's join does: its lateness, the hour of a page and the longest horizon

Due = tuple[str, int]  # post, horizon


def due_of(value: bytes, horizons: Sequence[int]) -> Iterator[tuple[str, int, Due]]:
    """An observation -> (coin, open time of the minute that gives the price, what is due); nothing of a heartbeat."""
    post: dict[str, Any] = orjson.loads(value)
    if "heartbeat" in post:
        return
    published = int(datetime.fromisoformat(post["published_at"]).timestamp() * 1000) // MINUTE_MS * MINUTE_MS
    for currency in post["currencies"]:
        for horizon in horizons:
            yield currency["code"], published + (horizon - 1) * MINUTE_MS, (post["id"], horizon)


class CoinState:
    """What is known of one coin: the closes of its hours, and what waits for a minute of an hour.

    Both are forgotten `kept_hours` behind the newest page: an engine that stores its state would else store, at each
    interval, all that it has ever read.
    """

    def __init__(self, kept_hours: int = KEPT_HOURS) -> None:
        self._kept_hours = kept_hours
        self._newest: int | None = None
        self.closes: dict[int, dict[int, float]] = {}
        self.waiting: dict[int, list[tuple[int, Due]]] = {}

    def post(self, minute: int, due: Due) -> list[float]:
        """The price, where it is known."""
        price = self.closes.get(minute // HOUR_MS, {}).get(minute)
        if price is None:
            self.waiting.setdefault(minute // HOUR_MS, []).append((minute, due))
            return []
        return [price]

    def page(self, times: Sequence[int], closes: Sequence[float]) -> list[float]:
        """The prices that a page of one hour gives to those who wait."""
        hour = times[0] // HOUR_MS
        known = dict(zip(times, closes, strict=True))
        self.closes.setdefault(hour, {}).update(known)
        if self._newest is None or hour > self._newest:
            # Only the hours that became old by this page: a look through all of them was a tenth of the loop's work.
            for old in range((self._newest or hour) - self._kept_hours, hour - self._kept_hours):
                self.closes.pop(old, None)
                self.waiting.pop(old, None)
            self._newest = hour
        waiting = self.waiting.pop(hour, [])
        later = [(minute, due) for minute, due in waiting if minute not in known]
        if later:
            self.waiting[hour] = later
        return [known[minute] for minute, _ in waiting if minute in known]
