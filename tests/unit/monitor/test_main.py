"""The exit code says what was found, and never that it is better than it is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from newswake.health.inputs import Inputs
from streaming.monitor import __main__ as program
from streaming.monitor.look import MongoLook
from streaming.monitor.prometheus import PrometheusLook
from tests.unit.health.builders import application as told
from tests.unit.health.builders import inputs, query


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (inputs(), 0),
        (inputs(application=told(queries=(query("candles", seconds_behind={"Binance": 500.0}),))), 1),
        (inputs(application=told(state="stopped")), 2),
    ],
)
def test_it_is_the_level(
    found: Inputs, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(MongoLook, "at", lambda self, moment: found)
    assert program.main(["--once"]) == code
    assert "newswake" in capsys.readouterr().out


def test_what_nobody_expected_is_down_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(self: MongoLook, moment: object) -> Inputs:
        raise KeyError("a field\nthat is not there")

    monkeypatch.setattr(MongoLook, "at", fails)
    assert program.main(["--once", "--json"]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert told.err.startswith("newswake: the monitor does not understand what it finds: KeyError")


def test_an_instance_is_chosen_from_a_server(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[tuple[str, str | None]] = []

    def remember(self: PrometheusLook, url: str, instance: str | None = None) -> None:
        made.append((url, instance))
        raise KeyboardInterrupt

    monkeypatch.setattr(PrometheusLook, "__init__", remember)
    program.main(["--prometheus", "http://127.0.0.1:1", "--instance", "here:9809"])
    assert made == [("http://127.0.0.1:1", "here:9809")]
    for others in ([], ["--prometheus", "http://127.0.0.1:1/metrics"]):
        with pytest.raises(SystemExit, match="2"):
            program.main(["--once", *others, "--instance", "here:9809"])
    assert "goes with --prometheus" in capsys.readouterr().err


@pytest.mark.parametrize("pause", ["0", "-1", "nan", "inf", "soon"])
def test_a_pause_that_is_none_is_refused(pause: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        program.main(["--seconds", pause])
    assert f"{pause} is not between 0.1 and 3600 seconds" in capsys.readouterr().err


def test_it_starts_as_a_program() -> None:
    command = [sys.executable, "-m", "streaming.monitor", "--seconds", "0"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.endswith("0 is not between 0.1 and 3600 seconds\n")
