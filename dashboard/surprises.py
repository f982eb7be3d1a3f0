"""Failures that nobody foresaw: a trace in the log the first time, and no more of the same place after that."""

from __future__ import annotations

import logging
import traceback
from typing import Final


class Surprises:
    """For loops that must go on: a row that fits nothing comes with every turn, and its trace would fill the disk."""

    def __init__(self, log: logging.Logger) -> None:
        self._log: Final = log
        self._told: set[tuple[str, str, int | None]] = set()

    def tell(self, what: str, error: Exception) -> None:
        """Log `what` with the trace of `error`, once for each kind of error and line of code."""
        frames = traceback.extract_tb(error.__traceback__)
        place = (type(error).__name__, frames[-1].filename, frames[-1].lineno) if frames else (repr(error), "", None)
        if place not in self._told:
            self._told.add(place)
            self._log.error("%s", what, exc_info=error)
