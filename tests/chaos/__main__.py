"""`python -m tests.chaos --rounds N --seed S`: exit code 1 when a row is wrong, lost or double, or nothing recovers."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.faults import OTHERS, Committed, Fault, Happened, commit, plan, recover
from tests.chaos.month import messages, month
from tests.chaos.stage import APPLICATION, PRODUCERS, Stage
from tests.chaos.verdict import Verdict, judge

START_SECONDS = 120.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Report:
    """What was done, and what came of it."""

    happened: Sequence[Happened]
    verdicts: Sequence[Verdict]
    refusals: Sequence[str]
    longest_pause: float

    @property
    def is_right(self) -> bool:
        recovered = all(one.recovered_after is not None for one in self.happened)
        return recovered and all(verdict.is_right for verdict in self.verdicts)


def run(home: Path, rounds: int, seed: int, days: int, others: int = OTHERS, say: Say = lambda line: None) -> Report:
    """A world of `days` under `rounds` rounds of faults, in the empty folder `home`."""
    world = month(seed, days)
    ends = {kind: len(messages(world, kind)) for kind in PRODUCERS}
    faults = plan(seed, rounds, others)
    stage = Stage(home, seed, days)
    try:
        stage.start()
        happened = torment(stage, faults, say)
        stage.allow_all()
        if not stage.until(lambda: all(stage.progress(kind) == end for kind, end in ends.items()), START_SECONDS):
            raise TimeoutError("the producers did not come to the end of the world")
        say("all has been told; the application processes the rest")
        stage.finish()
        return Report(happened, judge(stage.settings, world), stage.refusals, stage.longest_pause)
    finally:
        stage.stop()


def torment(stage: Stage, rounds: Sequence[Sequence[Fault]], say: Say) -> list[Happened]:
    """Commit the faults: those of a round in both halves of an application's life, the last one ends it."""
    happened: list[Happened] = []
    count = 1 + sum(map(len, rounds))
    stage.allow(0.5 / count)
    if not stage.until(lambda: stage.progress(APPLICATION) > 0, START_SECONDS):
        raise TimeoutError("the application did not begin")
    for faults in rounds:
        pending: list[Committed] = []
        for place, fault in enumerate(faults):
            stage.allow((len(happened) + len(pending) + 1) / count)
            say(f"{fault.kind}")
            pending.append(commit(stage, fault))
            # Some come one on top of the other; the last one of a life comes when everything works.
            if place >= len(faults) // 2 or fault is faults[-1]:
                happened += recover(stage, pending)
                pending = []
    return happened


def tables(report: Report) -> list[Table]:
    """What is printed at the end."""
    kinds = Table("fault", "times", "recovered", "longest recovery, s", title="Faults")
    for kind in sorted({one.fault.kind for one in report.happened}):
        mine = [one for one in report.happened if one.fault.kind == kind]
        times = [one.recovered_after for one in mine if one.recovered_after is not None]
        kinds.add_row(kind, str(len(mine)), str(len(times)), f"{max(times, default=0):.1f}")
    all_times = [one for one in report.happened if one.recovered_after is not None]
    kinds.add_section()
    kinds.add_row("all", str(len(report.happened)), str(len(all_times)), f"{report.longest_pause:.1f} between batches")
    rows = Table("table", "rows", "wrong", "lost", "double", title="Rows against the truth")
    for verdict in report.verdicts:
        figures = (verdict.rows, verdict.wrong, verdict.lost, verdict.double)
        rows.add_row(verdict.table, *(f"{figure:,}" for figure in figures))
    return [kinds, rows]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=6, help=f"lives of the application, with {OTHERS + 1} faults each"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=30, help="how much is told")
    parser.add_argument("--keep", action="store_true", help="leave the home, to look at it")
    options = parser.parse_args()
    console, began = Console(width=110), time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="newswake-chaos-"))

    def say(line: str) -> None:
        console.print(f"{time.monotonic() - began:6.1f} s  {line}", highlight=False)

    try:
        say(f"seed {options.seed}, {options.days} days, {options.rounds} rounds, in {home}")
        report = run(home, options.rounds, options.seed, options.days, say=say)
        for refusal in report.refusals:
            say(f"refused and started again: {refusal}")
        for table in tables(report):
            console.print(table)
        return 0 if report.is_right else 1
    finally:
        if not options.keep:
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
