"""What an engine is given."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "NEWSWAKE_BENCH_JOB"


@dataclass(frozen=True)
class Job:
    """`scratch` is a folder for what the engine keeps; the counts say when everything has been read."""

    bootstrap_servers: str
    posts_topic: str
    candles_topic: str
    post_messages: int
    page_messages: int
    horizons: tuple[int, ...]
    scratch: Path

    def to_environment(self) -> dict[str, str]:
        return {VARIABLE: json.dumps(asdict(self), default=str)}


def from_environment() -> Job:
    fields = json.loads(os.environ[VARIABLE])
    return Job(**{**fields, "horizons": tuple(fields["horizons"]), "scratch": Path(fields["scratch"])})
