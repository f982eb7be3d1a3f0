"""Prices first: the other queries let `post_prices` compute and show its rows before they begin to write theirs.

A minute of the market sets all four queries off at once. Side by side on two cores each takes its time twice, and the
rows that somebody waits for come last as often as not. In turn, the prices come as if the others were not there, and
those are hardly later than before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# The others look for something new no more often than that, and so plan what they found while the prices are shown.
FOLLOWERS_TRIGGER_SECONDS = 1.0
# Longer than small batches take. Nobody waits longer: a catch-up of one query does not hold up the others.
PATIENCE_SECONDS = 2.0
# How often is looked whether the first query is at anything at all; of what it has shown, it tells.
LOOK_SECONDS = 0.07


class HeadStart:
    """One query goes first (`leading`, `shown`), others `wait`. Safe between the threads of the queries."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_shown = False
        self._told = 0
        self._is_active: Callable[[], bool] = lambda: False

    def given_to(self, is_active: Callable[[], bool]) -> None:
        """`is_active`: whether the query that goes first is at a batch, be it only planning it."""
        self._is_active = is_active

    def given_up(self) -> None:
        """Nobody goes first any more: who waits goes on."""
        self.given_to(lambda: False)

    @contextmanager
    def leading(self) -> Iterator[None]:
        """The batch of the query that goes first, from the beginning of its writing to the end."""
        try:
            yield
        finally:
            self._tell(is_shown=False)

    def shown(self) -> None:
        """Its rows can be seen; what is left of its batch is for the archive."""
        self._tell(is_shown=True)

    def wait(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Until the query that goes first has shown its rows, or is at nothing."""
        deadline = time.monotonic() + patience_seconds
        with self._changed:
            told = self._told
            while self._told == told and not self._is_shown and self._is_active():
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(min(left, LOOK_SECONDS))

    def _tell(self, *, is_shown: bool) -> None:
        with self._changed:
            self._is_shown = is_shown
            self._told += 1
            self._changed.notify_all()
