"""What the start of a run asks once, asked in a process of its own.

The answers need ccxt or Polars, 50 MB each, and what starts a run lives as long as it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from newswake.errors import RecordingError, SetupError
from newswake.settings import Candles
from newswake.tether import die_with_parent
from scripts.places import ROOT


def probe(candles: Candles) -> str:
    """As `scripts.probe.probe`. Raises `SetupError` when the process fails, as `recorded_coins` does."""
    return str(_asked("probe", candles))


def recorded_coins(recording: Path, candles: Candles) -> list[str]:
    """As `scripts.recorded_coins.recorded_coins`. Raises `RecordingError` as that does."""
    answer = _asked("recorded_coins", candles, str(recording))
    return [str(coin) for coin in answer]


def _asked(question: str, candles: Candles, *arguments: str) -> Any:
    line = [sys.executable, "-m", "scripts.asides", question, *arguments]
    told = candles.model_dump_json()
    parent = os.getpid()
    done = subprocess.run(
        line, cwd=ROOT, input=told, stdout=subprocess.PIPE, text=True, check=False,
        preexec_fn=lambda: die_with_parent(parent, signal.SIGKILL),
    )  # fmt: skip
    if done.returncode != 0:
        raise SetupError(f"What the start of a run asks ({question}) ended with code {done.returncode}: run it again")
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise RecordingError(answer["refused"])
    return answer["answer"]


def main(arguments: list[str]) -> None:
    """Answer on the standard output, as JSON."""
    candles = Candles.model_validate_json(sys.stdin.read())
    try:
        if arguments[0] == "probe":
            from scripts.probe import probe as ask

            answer: Any = ask(candles)
        else:
            from scripts.recorded_coins import recorded_coins as read

            answer = read(Path(arguments[1]), candles)
    except RecordingError as error:
        print(json.dumps({"refused": str(error)}))
    else:
        print(json.dumps({"answer": answer}))


def run(arguments: list[str]) -> None:
    """`main`, for a terminal that interrupts both processes: the other one says what there is to say."""
    try:
        main(arguments)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run(sys.argv[1:])
