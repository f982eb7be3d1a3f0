"""`python -m producers`: what is listed, and what a person hears who mistypes a command."""

from __future__ import annotations

from typer.testing import CliRunner

from producers.__main__ import COMMANDS, app


def test_all_commands_are_listed_with_what_they_do() -> None:
    listed = CliRunner().invoke(app, ["--help"]).output
    assert all(name in listed for name in COMMANDS)
    assert "Publish posts of CryptoPanic" in listed


def test_a_mistyped_command_is_likened_to_one_that_there_is() -> None:
    told = CliRunner().invoke(app, ["simulat"])
    assert told.exit_code == 2
    assert "Did you mean 'simulate'?" in told.output
