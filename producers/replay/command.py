"""`python -m producers replay`."""

from __future__ import annotations

import contextlib
import logging
import math
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from newswake import settings as settings_module
from newswake.clock import SystemClock, from_ms
from newswake.home import RECORDING, mark_home
from newswake.kafka import ensure_topics
from newswake.logs import configure
from producers.publisher import Publisher
from producers.recordings.candles import open_candles
from producers.recordings.held import refuse_older
from producers.recordings.posts import read_posts
from producers.replay.telling import Pace, Recording, tell

log = logging.getLogger(__name__)


def replay(
    candles: Annotated[Path | None, typer.Option(help="recorded candles, .parquet or .csv")] = None,
    posts: Annotated[Path | None, typer.Option(help="recorded posts, .parquet or .csv")] = None,
    speed: Annotated[str, typer.Option(help="recorded seconds in a real one, or max")] = "max",
) -> None:
    """Put a recording straight into the two topics, forward in time."""
    settings = settings_module.load()
    configure(settings, "replay")
    pace = Pace(parse_speed(speed), SystemClock(), threading.Event())
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        candle_recording = None
        if candles is not None:
            candle_recording = open_candles([candles], settings.candles.exchange, settings.candles.quote)
            stack.enter_context(candle_recording)
        recording = Recording(candle_recording, read_posts([posts]) if posts is not None else None)
        refuse_older(settings.kafka, from_ms(recording.end), candles is not None, posts is not None)
        mark_home(settings.home, RECORDING)
        ensure_topics(settings.kafka)
        stop_on_signals(pace.stop)
        publisher = stack.enter_context(Publisher(settings.kafka))
        told = tell(recording, publisher, settings.kafka, pace)
    repeated = candle_recording.repeated if candle_recording else 0
    log.info(
        "%s: %d candles in %d pages, %d posts, %d heartbeats in %.1f s%s",
        "stopped" if pace.stop.is_set() else "done",
        told.candles, told.pages, told.posts, told.heartbeats, time.monotonic() - began,
        f"; {repeated} rows left out because their minute had come before" if repeated else "",
    )  # fmt: skip


def parse_speed(text: str) -> float | None:
    """A positive number, or None for `max`. Raises `typer.BadParameter` for anything else."""
    if text.strip().lower() == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise typer.BadParameter(f"--speed is max or a number of recorded seconds in a real one, was {text!r}")
    return speed


def stop_on_signals(stop: threading.Event) -> None:
    """Ctrl-C and a supervisor's TERM end the work after the step at hand."""

    def handler(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)
