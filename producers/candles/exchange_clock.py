"""The exchange's clock beside ours: one that is wrong does harm, or is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from newswake.clock import to_ms
from newswake.errors import SourceRetry
from newswake.messages import MINUTE_MS
from producers.candles.words import hours
from producers.states import Condition, StateBoard

# An exchange that is further ahead of us has a wrong clock, or we have: its open minute would be taken for a closed
# one, and what is ahead of the broker's clock goes to the dead letters.
MOST_AHEAD_MS = 5 * MINUTE_MS
# What is behind by more is told; it cannot do harm.
MOST_BEHIND_MS = 5 * MINUTE_MS


def compare_clocks(board: StateBoard, exchange: str, exchange_ms: int, now: datetime) -> None:
    """Say how far the exchange's clock is from ours, which is read after its answer: what that took makes the exchange
    seem behind, never ahead.

    Raises `SourceRetry` where it is too far ahead.
    """
    ahead = exchange_ms - to_ms(now)
    if ahead > MOST_AHEAD_MS:
        raise SourceRetry(
            f"{exchange}'s clock is {hours(ahead)} ahead of ours; if ours is wrong, set the time of this machine, "
            "otherwise the exchange has to"
        )
    state, then = f"candles.{exchange}.clock", now + timedelta(minutes=1)
    if ahead < -MOST_BEHIND_MS:
        reason = f"{exchange}'s clock is {hours(-ahead)} behind ours; its newest candles are as old"
        board.show(state, Condition.WAITING, reason, now, then)
    else:
        board.show(state, Condition.OK, "the exchange's clock agrees with ours", now, None)
