"""`python -m producers simulate`."""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from newswake import settings as settings_module
from newswake.clock import SystemClock, from_ms, to_iso, to_ms
from newswake.errors import RecordingError, ServiceError
from newswake.home import make_home
from newswake.logs import configure
from newswake.settings import Settings
from producers.generator.truth import TruthFolder
from producers.generator.world import first_start, generated_world, history_start
from producers.recordings.folder import open_folder
from producers.recordings.held import refuse_older
from producers.simulator.recorded import recorded_world
from producers.simulator.server import Server, Simulator
from producers.simulator.timeline import SAVE_AHEAD_SECONDS, SAVE_SECONDS, SavedState, StateFile, Timeline
from producers.simulator.world import World

log = logging.getLogger(__name__)

Tick = Callable[[int], None]


def simulate(
    recording: Annotated[
        Path | None, typer.Option(help="folder with candles* and posts* files; unset: the generator")
    ] = None,
    speed: Annotated[float, typer.Option(help="simulated seconds in a real one")] = 60.0,
    seed: Annotated[int | None, typer.Option(help="seed; unset: setting simulator.seed")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="port on 127.0.0.1; 0: a free one; unset: simulator.port")
    ] = None,
    state: Annotated[Path | None, typer.Option(help="folder of the state; unset: NEWSWAKE_HOME/simulator")] = None,
) -> None:
    """Serve the exchange's and the news API from a recording or a seeded generator."""
    settings = settings_module.load()
    configure(settings, "simulate")
    if not (math.isfinite(speed) and speed > 0):
        raise typer.BadParameter(f"--speed is a positive number of simulated seconds in a real one, was {speed}")
    make_home(settings.home)
    chosen = settings.simulator.seed if seed is None else seed
    folder = state or settings.home / "simulator"
    stop = threading.Event()
    _stop_on_signals(stop)

    world, saved, states, tick = prepare(settings, recording, chosen, folder)
    timeline = Timeline(saved.now, speed, world.end, SystemClock(), time.monotonic)
    with Server(Simulator(world, timeline), settings.simulator.port if port is None else port) as server:
        what = recording or f"a generated market (seed {chosen})"
        until = f" until {to_iso(from_ms(world.end))}" if world.end is not None else ""
        now = to_iso(from_ms(timeline.now()))
        log.info("serving %s at %s from %s%s, %g times as fast as real time", what, server.url, now, until, speed)
        keep(timeline, saved, states, tick, stop)
    states.save(SavedState(saved.identity, saved.start, timeline.now()))
    log.info("stopped at %s", to_iso(from_ms(timeline.now())))


def prepare(
    settings: Settings, recording: Path | None, seed: int, folder: Path
) -> tuple[World, SavedState, StateFile, Tick]:
    """The world, how far it has come, where that is kept, and what is to be done at every save.

    Raises `RecordingError` when the recording cannot be read, `folder` belongs to another simulation, or the topics
    hold something newer.
    """
    states = StateFile(folder)
    if recording is not None:
        files = open_folder(recording)
        identity = {"seed": seed, "recording": files.fingerprint()}
        saved = states.load(identity)
        world = recorded_world(files, seed, settings.candles.exchange, settings.candles.quote)
        _refuse_older(settings, world)
        return world, saved or SavedState(identity, world.start, world.start), states, lambda now: None
    identity = {"seed": seed, "recording": "none: generated"}
    start = first_start(to_ms(SystemClock().now()))
    saved = states.load(identity) or SavedState(identity, start, start)
    world, news = generated_world(seed, settings.candles.coins, settings.candles.quote, saved.start)
    truth = TruthFolder(folder / "truth", news, history_start(saved.start))
    return world, saved, states, truth.write_until


def _refuse_older(settings: Settings, world: World) -> None:
    if world.end is None:
        raise RecordingError("A recording without an end cannot be compared with what the topics hold")
    try:
        refuse_older(settings.kafka, from_ms(world.end), timeout_seconds=5.0)
    except ServiceError as error:
        # The simulator itself needs no broker: the producers will say so if theirs is gone.
        log.warning("what the topics already hold could not be checked: %s", error)


def keep(timeline: Timeline, saved: SavedState, states: StateFile, tick: Tick, stop: threading.Event) -> None:
    """Save where the clock is until `stop` is set; `tick` gets the time first, so that it precedes what is served."""
    ended = False
    while True:
        ahead = timeline.ahead(SAVE_AHEAD_SECONDS)
        tick(ahead)
        states.save(SavedState(saved.identity, saved.start, ahead))
        if timeline.answer()["ended"] and not ended:
            ended = True
            log.info("the recording has ended; its last state is served until the simulator is stopped")
        if stop.wait(SAVE_SECONDS):
            return


def _stop_on_signals(stop: threading.Event) -> None:
    def handler(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)
