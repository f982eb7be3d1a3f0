"""Results as a Markdown table, and as JSON for the plots."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.speed.compare import OTHER_PYTHON, Measured
from scripts.places import ROOT

RESULTS = ROOT / "benchmarks" / "results"

Row = Mapping[str, object]


def machine() -> str:
    """What the figures were measured on, and how busy it was beside."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, load before the end "
        f"{os.getloadavg()[1]:.1f}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    )


def engine_rows(measured: Sequence[Measured]) -> list[Row]:
    """One row an engine: medians, and lowest to highest where there are several runs."""
    rows: list[Row] = []
    for engine in dict.fromkeys(one.engine for one in measured):
        runs = [one for one in measured if one.engine == engine]
        steady = [rate for one in runs if (rate := one.outcome.steady()) is not None]
        rows.append(
            {
                "engine": engine,
                "runs": len(runs),
                "candles/s, whole": spread([one.whole for one in runs]),
                "candles/s, steady": spread(steady),
                "CPU s": spread([one.usage.cpu_seconds for one in runs]),
                "peak MB": spread([one.usage.peak_bytes / 1e6 for one in runs]),
            }
        )
    return rows


def spread(values: Sequence[float]) -> str:
    """The median, and the lowest and highest where they differ."""
    if not values:
        return "–"
    middle = f"{statistics.median(values):,.0f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):,.0f}–{max(values):,.0f})"


def markdown(title: str, rows: Sequence[Row], notes: Sequence[str] = ()) -> str:
    """A table with its title, the machine and notes."""
    names = list(rows[0]) if rows else []
    lines = [f"# {title}", "", *(f"{note}\n" for note in (machine(), *notes))]
    lines += [_line(names), _line(["---"] * len(names)), *(_line([str(row[name]) for name in names]) for row in rows)]
    return "\n".join(lines) + "\n"


def save(
    name: str, title: str, rows: Sequence[Row], series: object, notes: Sequence[str] = (), *, kind: str = ""
) -> Path:
    """Write `name`.md, `name`.json and, where matplotlib is installed, `name`.svg; returns the first.

    `kind`: which of the plots it is (plot.py), where that is not `name`.
    """
    RESULTS.mkdir(exist_ok=True)
    table, data = RESULTS / f"{name}.md", RESULTS / f"{name}.json"
    table.write_text(markdown(title, rows, notes), encoding="utf-8")
    data.write_text(json.dumps({"title": title, "kind": kind or name, "series": series}, indent=1), encoding="utf-8")
    if OTHER_PYTHON.is_file():
        plot = [str(OTHER_PYTHON), str(Path(__file__).with_name("plot.py")), str(data)]
        subprocess.run(plot, check=False)
    return table


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
