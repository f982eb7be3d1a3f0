"""The life of a simulated post: when it arrives after its publication, when it turns hot, how its votes grow.

Everything is a function of the seed and the post's id. Times are epoch milliseconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from newswake.messages import HOUR_MS, MINUTE_MS
from producers.chance import normal, uniform

# A log-normal delay with a median of four minutes, of which one in eight is longer than an hour.
DELAY_MEDIAN_MS = 4 * MINUTE_MS
DELAY_SIGMA = math.log(15) / 1.1503493803760083
DELAY_CAP_MS = 20 * HOUR_MS

HOT_AT_ONCE = 0.35
HOT_MEDIAN_MS, HOT_SIGMA, HOT_CAP_MS = 90 * MINUTE_MS, 1.2, 12 * HOUR_MS
# A reader looks back a day and a little: what turned hot later than this could not be seen.
LAST_CHANGE_MS = 25 * HOUR_MS

VOTES_MEDIAN_MS, VOTES_SIGMA = 90 * MINUTE_MS, 0.6
VOTES_SETTLE = 8.0  # votes stand at their last value after so many time constants


@dataclass(frozen=True)
class SimulatedPost:
    """A post as the news API will tell it; `codes` as found, with their stray spaces.

    `hot_at` is None for a post that never turns hot. `votes` are the last counts by kind; None: never known.
    `votes_scale_ms` is the time in which they come to 63 % of that.
    """

    id: int | str
    title: str
    published_at: int
    arrives_at: int
    hot_at: int | None
    codes: tuple[str, ...]
    votes: tuple[int | None, ...] | None
    votes_scale_ms: float
    url: str
    domain: str
    kind: str
    panic_score: int | None

    def votes_at(self, now: int) -> tuple[int | None, ...] | None:
        """The counts at `now`: whole, never falling, on a saturating path from the arrival to the last values."""
        if self.votes is None:
            return None
        age = max(0, now - self.arrives_at)
        settled = age >= VOTES_SETTLE * self.votes_scale_ms
        share = 1.0 if settled else 1 - math.exp(-age / self.votes_scale_ms)
        return tuple(None if count is None else math.floor(count * share + 0.5) for count in self.votes)

    def is_hot(self, now: int) -> bool:
        return self.hot_at is not None and self.hot_at <= now


def arrival(seed: int, post_id: int | str, published_at: int, end: int | None) -> int:
    """When the post becomes visible: never before its publication, never after `end`."""
    delay = min(DELAY_CAP_MS, DELAY_MEDIAN_MS * math.exp(DELAY_SIGMA * normal(seed, "delay", post_id)))
    moment = published_at + int(delay)
    return moment if end is None else max(published_at, min(moment, end))


def hot_time(seed: int, post_id: int | str, published_at: int, arrives_at: int, end: int | None) -> int:
    """When a post that turns hot does so: at its arrival, or up to twelve hours later."""
    if uniform(seed, "hot at once", post_id) < HOT_AT_ONCE:
        return arrives_at
    delay = min(HOT_CAP_MS, HOT_MEDIAN_MS * math.exp(HOT_SIGMA * normal(seed, "hot delay", post_id)))
    moment = max(arrives_at, min(arrives_at + int(delay), published_at + LAST_CHANGE_MS))
    return moment if end is None else max(arrives_at, min(moment, end))


def votes_scale(seed: int, post_id: int | str, arrives_at: int, end: int | None) -> float:
    """The time constant of the votes' growth; short enough for them to stand at their last value at `end`."""
    scale = VOTES_MEDIAN_MS * math.exp(VOTES_SIGMA * normal(seed, "votes", post_id))
    return scale if end is None else min(scale, 0.999 * (end - arrives_at) / VOTES_SETTLE)
