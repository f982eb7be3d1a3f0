"""The notebook of the image: its cells run with the environment that the Dockerfile gives it, on tables of the lake."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import polars as pl
import pytest
from deltalake import write_deltalake

from scripts.places import ROOT

NOTEBOOK = ROOT / "deploy" / "notebook" / "wakes.ipynb"
PUBLISHED = datetime(2025, 1, 6, 12, 0, tzinfo=UTC)
PRICES = {("1", "BTC"): {0: 100.0, 5: 110.0, 60: None}, ("2", "ETH"): {0: 50.0, 5: 60.0, 60: 25.0}}
MEANS = {0: (2, 0.0), 5: (2, 0.15), 60: (1, -0.5)}
SHOW = "\nimport json; print('rows', json.dumps([row.asDict() for row in by_horizon.collect()]))\n"


def environment_of_the_image() -> dict[str, str]:
    """What the notebook's stage of the Dockerfile sets, with the project where it is here."""
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"(?m)^ENV (.+)$", text.partition(" AS notebook")[2])
    pairs = (pair.partition("=") for line in lines for pair in shlex.split(line))
    return {name: value.replace("/opt/newswake", str(ROOT)) for name, _, value in pairs}


def write_lake(lake: Path) -> None:
    prices = [
        {
            "source": "rss.a",
            "post_id": post,
            "symbol": symbol,
            "horizon_minutes": horizon,
            "published_at": PUBLISHED,
            "target_time": PUBLISHED + timedelta(minutes=horizon),
            "price": price,
            "price_status": "missing" if price is None else "exact",
        }
        for (post, symbol), by_horizon in PRICES.items()
        for horizon, price in by_horizon.items()
    ]
    posts = [
        {"source": "rss.a", "post_id": post, "title": "a", "url": "u", "hot": True, "seen_at": PUBLISHED}
        for post, _ in PRICES
    ]
    for name, rows in {"post_prices": prices, "posts": posts}.items():
        write_deltalake(str(lake / name), pl.DataFrame(rows).to_arrow())


def test_it_is_a_notebook_without_results() -> None:
    book = nbformat.reads(NOTEBOOK.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
    nbformat.validate(book)
    assert not any(cell.outputs or cell.execution_count for cell in book.cells if cell.cell_type == "code")


@pytest.mark.spark
def test_its_cells_run_in_a_session_as_the_image_sets_it_up(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    write_lake(lake)
    environ = environment_of_the_image()
    environ["PYSPARK_SUBMIT_ARGS"] = f"--conf spark.ui.enabled=false {environ['PYSPARK_SUBMIT_ARGS']}"
    here = {"NEWSWAKE_LAKE__PATH": str(lake), "NEWSWAKE_HOME": str(tmp_path / "home"), "SPARK_LOCAL_IP": "127.0.0.1"}
    cells = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    program = tmp_path / "cells.py"
    program.write_text("\n".join(cells) + SHOW, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, str(program)],
        cwd=tmp_path,
        env={**os.environ, **environ, **here},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3_000:]
    assert "ERROR" not in result.stderr
    rows = json.loads(result.stdout.partition("rows ")[2])
    assert {r["horizon_minutes"]: (r["returns"], round(r["mean_return"], 9)) for r in rows} == MEANS
