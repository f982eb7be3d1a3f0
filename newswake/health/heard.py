"""Whether the application speaks: what it says of itself is so now, and only then are its queries judged."""

from __future__ import annotations

from newswake.health.inputs import Inputs
from newswake.health.limits import Limits, limits_for


def is_heard(inputs: Inputs, limits: Limits | None = None) -> bool:
    """The application is up, and its last sign of life is fresh."""
    application = inputs.application
    silent = (limits or limits_for(application)).silent
    return application is not None and application.is_up and inputs.at - application.seen_at <= silent
