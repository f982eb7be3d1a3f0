"""What a program that runs all day does not carry: large libraries that only others need."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LARGE = ("ccxt", "feedparser", "numpy", "polars", "pyspark")
ASKED = "import typer; from producers.__main__ import app; typer.main.get_command(app).get_command(None, '{}')"


@pytest.mark.parametrize(
    ("start", "needed"),
    [
        (ASKED.format("posts"), {"feedparser"}),
        (ASKED.format("candles"), {"ccxt"}),
        (ASKED.format("simulate"), {"numpy", "polars"}),
        (ASKED.format("replay"), {"polars"}),
        ("import scripts.run", set()),
    ],
)
def test_it_imports_what_it_needs(start: str, needed: set[str]) -> None:
    tell = f"{start}; import json, sys; print(json.dumps([name for name in {LARGE} if name in sys.modules]))"
    said = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True).stdout
    assert set(json.loads(said)) == needed
