"""Draw a result: `python plot.py benchmarks/results/NAME.json` writes NAME.svg beside it. Needs matplotlib."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt


def engines(axes: Any, series: list[dict[str, Any]]) -> None:
    """Bars of candles a second, whole and steady, with every run as a point."""
    names = list(dict.fromkeys(one["engine"] for one in series))
    for place, (kind, colour) in enumerate((("whole", "#8fa8c8"), ("steady", "#1f4e8c"))):
        for at, name in enumerate(names):
            rates = [one[kind] / 1000 for one in series if one["engine"] == name and one[kind]]
            if rates:
                y = at + (place - 0.5) * 0.38
                axes.barh(y, sorted(rates)[len(rates) // 2], 0.36, color=colour, label=kind if at == 0 else None)
                axes.plot(rates, [y] * len(rates), "o", color="black", markersize=3)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("thousand candles a second")
    axes.legend(loc="best")


def latency(axes: Any, series: list[float]) -> None:
    """The share of rows that were visible by a time."""
    ordered = sorted(series)
    axes.step(ordered, [(place + 1) / len(ordered) for place in range(len(ordered))], where="post", color="#1f4e8c")
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds from the completing message in Kafka to the row in MongoDB")
    axes.set_ylabel("share of rows")
    axes.grid(alpha=0.3)


def growth(axes: Any, series: list[dict[str, float]]) -> None:
    """What grows against posts, each in a panel of its own, a line for each number of coins."""
    panels = axes.get_subplotspec().subgridspec(1, len(GROWING))
    axes.set_axis_off()
    for panel, name in zip(panels, GROWING, strict=True):
        part = axes.figure.add_subplot(panel)
        for coins in sorted({one["coins"] for one in series}):
            points = sorted((one["posts"], one[name]) for one in series if one["coins"] == coins)
            part.plot(*zip(*points, strict=True), "o-", label=f"{coins:g} coins")
        part.set(xscale="log", yscale="log", xlabel="posts", title=name)
        part.set_box_aspect(1)
        part.grid(alpha=0.3)
    part.legend()


GROWING = ("ms a row", "state rows", "state MB", "peak MB")
DRAWN = {"engines": engines, "latency": latency, "growth": growth}


def main() -> None:
    source = Path(sys.argv[1])
    result = json.loads(source.read_text(encoding="utf-8"))
    if result["kind"] not in DRAWN:
        return
    size = (15, 4.5) if result["kind"] == "growth" else (9, 4.5)
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    axes.set_title(result["title"])
    DRAWN[result["kind"]](axes, result["series"])
    figure.savefig(source.with_suffix(".svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
