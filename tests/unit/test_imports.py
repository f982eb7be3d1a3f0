"""What a program that runs all day does not carry: large libraries that only others need."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from scripts.places import ROOT

LARGE = ("ccxt", "feedparser", "numpy", "polars", "pyspark")
ASKED = "import typer; from producers.__main__ import app; typer.main.get_command(app).get_command(None, '{}')"

CHOSEN = """
import pathlib, tempfile
from newswake.settings import Candles
from scripts import run, sources
nobody = Candles(base_url="http://127.0.0.1:1")
assert sources.choose("auto", 60, {}, nobody)[0].kind == "simulated"
folder = pathlib.Path(tempfile.mkdtemp())
(folder / "candles.csv").write_text("symbol,open_time\\nETHUSDT,1\\n")
assert sources.asides.recorded_coins(folder, nobody) == ["ETH"]
"""


@pytest.mark.parametrize(
    ("start", "needed"),
    [
        (ASKED.format("posts"), {"feedparser"}),
        (ASKED.format("candles"), {"ccxt"}),
        (ASKED.format("simulate"), {"numpy", "polars"}),
        (ASKED.format("replay"), {"polars"}),
        ("import scripts.run", set()),
        (CHOSEN, set()),
    ],
)
def test_it_imports_what_it_needs(start: str, needed: set[str]) -> None:
    tell = f"{start}\nimport json, sys; print(json.dumps([name for name in {LARGE} if name in sys.modules]))"
    said = subprocess.run([sys.executable, "-c", tell], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(json.loads(said)) == needed
