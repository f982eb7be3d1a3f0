"""Where the application can be made to die: its functions are wrapped from outside, it has no switch for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from streaming import repair
from streaming.sinks import batch, delta, mongo

# Module, function, the place right before it, the place right after it. What is said first is what a run does first.
FUNCTIONS: tuple[tuple[ModuleType, str, str, str], ...] = (
    (delta, "append", "between MongoDB and Delta", "between Delta and checkpoint"),
    (batch, "write_batch", "batch set up", "batch written"),
    (repair, "_merge", "repair between MongoDB and Delta", "repair merged"),
    (mongo, "write", "batch computed", "written to MongoDB"),
    (delta, "compact", "compaction due", "compacted"),
)
PLACES = tuple(place for _, _, *both in FUNCTIONS for place in both)


def wrap(strike: Callable[[str], None], replace: Callable[[ModuleType, str, Any], None] = setattr) -> None:
    """Have `strike` called with the name of each place that the application comes by."""
    for module, name, before, after in FUNCTIONS:
        replace(module, name, _between(getattr(module, name), before, after, strike))


def _between(
    function: Callable[..., Any], before: str, after: str, strike: Callable[[str], None]
) -> Callable[..., Any]:
    @wraps(function)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        strike(before)
        result = function(*arguments, **options)
        strike(after)
        return result

    return wrapped
