"""Where posts and candles come from in a run, and the home that keeps them.

Each source has a home of its own, marked with its kind, so that live and simulated rows never meet.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from newswake.errors import SettingsError
from newswake.home import LIVE, RECORDING, SIMULATED, read_mark, refuse_another
from newswake.settings import Candles
from newswake.settings_sources import Resolved, resolve, variable_of
from scripts import asides
from scripts.places import HOMES

REAL_SECONDS_BETWEEN_POLLS = 5.0
LEAST_REPAIR_SECONDS = 30.0
# How long after its publication a simulated post may change; a producer must look back so far, and a poll further.
CHANGES_HOURS = 26
# The simulator has no quota that would bound how many pages a producer reads.
MAX_PAGES = 1000
# The simulator's clock runs while the producers start; what happened until then must not be behind them.
START_HOURS = 120 / 3600


@dataclass(frozen=True)
class Source:
    """What a run reads. `recording` is the folder of a recording, `speed` simulated seconds in a real one."""

    kind: str
    home: Path
    speed: float = 1.0
    recording: Path | None = None

    @property
    def label(self) -> str:
        """How each line of the run names it; what is simulated says so."""
        if self.recording is not None:
            return f"SIMULATED from {self.recording.name}, {self.speed:g}x"
        return "live" if self.kind == LIVE else f"SIMULATED, {self.speed:g}x"


def choose(wanted: str, speed: float, environ: Mapping[str, str], candles: Candles) -> tuple[Source, str]:
    """The source of a run and, for `auto`, a sentence that says what was chosen and why.

    Raises `SettingsError` for a source that is neither a word nor a folder, or a home that belongs to another one.
    """
    reason = ""
    home = Path(environ["NEWSWAKE_HOME"]).absolute() if environ.get("NEWSWAKE_HOME") else None
    kind, recording = wanted, None
    if wanted == "auto":
        kind, reason = _choose_by_itself(home, candles)
    elif wanted not in (LIVE, SIMULATED):
        kind, recording = RECORDING, Path(wanted).absolute()
        if not wanted or not recording.is_dir():  # the path of nothing is the folder that we are in
            raise SettingsError(
                f"SOURCE={wanted} is neither auto, live nor simulated, and there is no such folder with a recording"
            )
    source = Source(kind, home or HOMES / _home_name(kind, recording), 1.0 if kind == LIVE else speed, recording)
    refuse_another(source.home, kind)
    return source, reason


def _choose_by_itself(home: Path | None, candles: Candles) -> tuple[str, str]:
    if home and (mark := read_mark(home)) in (LIVE, SIMULATED):
        return mark, f"Source {mark}, because {home} is its home"
    failure = asides.probe(candles)
    if failure:
        return SIMULATED, f"Source simulated, because {candles.exchange} does not answer ({failure})"
    return LIVE, f"Source live, because {candles.exchange} answers; news comes from feeds that need no key"


def _home_name(kind: str, recording: Path | None) -> str:
    if recording is None:
        return kind
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", recording.name).strip(".-") or RECORDING
    return f"{RECORDING}-{name}" if name in (LIVE, SIMULATED) else name


def environment(source: Source, resolved: Resolved) -> dict[str, str]:
    """The variables that make the producers read this source; they win over the user's own.

    Raises `RecordingError` when there is no recording in the source's folder.
    """
    settings = resolved.settings
    found = {"NEWSWAKE_HOME": str(source.home)}
    if source.kind == LIVE:
        return found
    simulator = f"http://127.0.0.1:{settings.simulator.port}"
    # However fast the simulated seconds pass, a poll every few real ones is enough: each reads a day of posts.
    poll_seconds = max(settings.posts.poll_seconds, source.speed * REAL_SECONDS_BETWEEN_POLLS)
    missed_hours = math.ceil(source.speed * START_HOURS)
    values = {
        ("clock", "url"): f"{simulator}/clock",
        ("candles", "base_url"): f"{simulator}/api/v3",
        ("candles", "backfill_hours"): str(settings.candles.backfill_hours + missed_hours),
        ("candles", "exchange"): "binance",
        ("cryptopanic", "base_url"): f"{simulator}/api",
        ("cryptopanic", "key"): "simulated",
        ("cryptopanic", "monthly_quota"): "1000000000",
        ("cryptopanic", "delay_hours"): "0",
        ("cryptopanic", "max_pages"): str(MAX_PAGES),
        # A recording's posts come through one source, so that none is seen twice.
        ("rss", "feeds"): f"{simulator}/rss" if source.recording is None else "[]",
        ("posts", "poll_seconds"): f"{poll_seconds:g}",
        ("posts", "lookback_hours"): str(CHANGES_HOURS + missed_hours + math.ceil(3 * poll_seconds / 3600)),
    }
    if resolved.origins["streaming", "repair_seconds"] == "default":
        # Its interval is meant for the data's time; and a recording has only come out when the last repair has run.
        repair_seconds = max(LEAST_REPAIR_SECONDS, settings.streaming.repair_seconds / max(1.0, source.speed))
        values["streaming", "repair_seconds"] = f"{repair_seconds:g}"
    if source.recording is not None and resolved.origins["candles", "coins"] == "default":
        coins = asides.recorded_coins(source.recording, settings.candles)
        values |= {("candles", "coins"): ",".join(coins)} if coins else {}
    return found | {variable_of(*key): value for key, value in values.items()}


def candle_settings(environ: Mapping[str, str]) -> Candles:
    """The settings of the exchange, before a home is chosen. Raises `SettingsError`."""
    return resolve(environ=environ).settings.candles


def speed_from(text: str) -> float:
    """The number in `SPEED=`. Raises `SettingsError` for anything that is none, or not positive."""
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise SettingsError(f"SPEED is a positive number of simulated seconds in a real one, was {text}")
    return speed
