"""Durations and counts as a person says them."""

from __future__ import annotations

from datetime import timedelta


def span(duration: timedelta | float) -> str:
    """A duration (or seconds) in its largest unit, with a digit more where it is small.

    >>> [span(s) for s in (0.25, 42, 90, 240, 5400, 90_000, 700_000)]
    ['0.2 s', '42 s', '90 s', '4 min', '1.5 h', '25 h', '8 days']
    """
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if seconds < 120:
        return f"{seconds:.1f} s" if 0 < seconds < 10 else f"{seconds:.0f} s"
    if seconds < 5_400:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3_600:.1f} h" if seconds < 36_000 else f"{seconds / 3_600:.0f} h"
    return f"{seconds / 86_400:.0f} days"


def few(names: list[str], shown: int = 3) -> str:
    """The first names of many.

    >>> few(["a", "b"]), few(["a", "b", "c", "d", "e"])
    ('a, b', 'a, b, c and 2 more')
    """
    rest = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {rest} more" if rest > 0 else "")
