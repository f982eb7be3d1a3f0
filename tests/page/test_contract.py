"""The front end's types are those of the server: both files are made, and made again when the server changes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from dashboard.app import create_app
from newswake.settings_sources import resolve
from scripts.node import of_the_machine
from scripts.places import PAGE

AGAIN = "make them again as the README says under The page"


def test_the_description_is_the_servers(tmp_path: Path) -> None:
    environ = {"NEWSWAKE_HOME": str(tmp_path), "NEWSWAKE_CONF": os.environ["NEWSWAKE_CONF"]}
    described = json.loads((PAGE / "openapi.json").read_text(encoding="utf-8"))
    assert described == json.loads(json.dumps(create_app(resolve(environ=environ).settings).openapi())), AGAIN


def test_the_types_are_those_of_the_description() -> None:
    node, program = of_the_machine(os.environ), PAGE / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    if node is None or not program.is_file():
        pytest.skip("the packages of the page are not installed, or there is no Node on the PATH")
    command = [*node.node, str(program), "openapi.json"]
    made = subprocess.run(command, cwd=PAGE, capture_output=True, text=True, check=True, timeout=120).stdout
    kept = (PAGE / "src" / "api" / "schema.ts").read_text(encoding="utf-8")
    assert made.strip() == kept.strip(), AGAIN
