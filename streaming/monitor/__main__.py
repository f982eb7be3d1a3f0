"""The monitor: `python -m streaming.monitor [--once] [--json]`.

Exit code with --once: 0 healthy, 1 degraded, 2 down (or the monitor itself cannot work).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console
from rich.live import Live

from newswake.errors import NewswakeError
from newswake.health.inputs import Inputs
from newswake.health.levels import Level
from newswake.health.rules import judge
from newswake.settings import load
from streaming.monitor.as_json import as_json
from streaming.monitor.look import MongoLook
from streaming.monitor.prometheus import PrometheusLook
from streaming.monitor.view import view

EXPORT_WIDTH = 100


class Looker(Protocol):
    """Where the inputs come from."""

    def at(self, moment: datetime) -> Inputs: ...

    def close(self) -> None: ...


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    try:
        looker: Looker = (
            MongoLook(load()) if options.prometheus is None else PrometheusLook(options.prometheus, options.instance)
        )
        try:
            return int(_once(looker, options.json)) if options.once or options.json else _live(looker, options.seconds)
        finally:
            looker.close()
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        return int(Level.DOWN)
    except KeyboardInterrupt:
        return 0
    except Exception as error:  # noqa: BLE001  Python's own exit code for it, 1, would say "degraded"
        why = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"newswake: the monitor does not understand what it finds: {why}", file=sys.stderr)
        return int(Level.DOWN)


def _once(looker: Looker, wants_json: bool) -> Level:
    inputs = looker.at(datetime.now(UTC))
    health = judge(inputs)
    if wants_json:
        print(json.dumps(as_json(inputs, health), indent=2, ensure_ascii=False))
    else:
        Console(width=None if sys.stdout.isatty() else EXPORT_WIDTH).print(view(inputs, health))
    return health.level


def _live(looker: Looker, seconds: float) -> int:
    """Until Ctrl-C."""
    inputs = looker.at(datetime.now(UTC))
    pause = threading.Event()
    with Live(view(inputs, judge(inputs)), screen=True, auto_refresh=False) as live:
        while not pause.wait(seconds):
            inputs = looker.at(datetime.now(UTC))
            live.update(view(inputs, judge(inputs)), refresh=True)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m streaming.monitor", description=__doc__.splitlines()[0])
    parser.add_argument("--once", action="store_true", help="look once; exit code 0 healthy, 1 degraded, 2 down")
    parser.add_argument("--json", action="store_true", help="look once, for scripts")
    parser.add_argument("--seconds", type=_pause, default=2.0, help="time between two looks")
    parser.add_argument(
        "--prometheus", metavar="URL", help="read a Prometheus server, or the application's own /metrics, not MongoDB"
    )
    parser.add_argument("--instance", metavar="HOST:PORT", help="which application, where a server scrapes several")
    options = parser.parse_args(arguments)
    if options.instance and (not options.prometheus or options.prometheus.rstrip("/").endswith("/metrics")):
        parser.error("--instance goes with --prometheus and the address of a server")
    return options


def _pause(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.1 <= seconds <= 3_600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 3600 seconds")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
