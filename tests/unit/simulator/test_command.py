"""What `python -m producers simulate` refuses before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from producers.__main__ import app


@pytest.mark.parametrize("options", [("--port", "99999"), ("--port", "-1"), ("--speed", "0"), ("--seed", "x")])
def test_an_option_that_cannot_be_is_refused_in_words(options: tuple[str, str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", *options], env={"NEWSWAKE_HOME": str(tmp_path)})
    assert (done.exit_code, done.exception is None or isinstance(done.exception, SystemExit)) == (2, True)
    assert options[0] in done.output and "Traceback" not in done.output
