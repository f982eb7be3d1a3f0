"""`python -m producers posts | candles | replay | simulate`."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import typer

from newswake import disks, settings
from newswake.errors import NewswakeError

COMMANDS = {
    "posts": "producers.posts.command",
    "candles": "producers.candles.command",
    "replay": "producers.replay.command",
    "simulate": "producers.simulator.command",
}


class OnDemand(typer.core.TyperGroup):
    """Imports the command that is asked for: each runs all day, and would hold the libraries of the others, 80 MB."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        # What is listed, and likened to a name that is none of them.
        names: dict[str, Any] = dict.fromkeys(COMMANDS)
        self.commands = names

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        alone = typer.Typer(add_completion=False)
        alone.command(cmd_name)(getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name))
        return typer.main.get_command(alone)


app = typer.Typer(cls=OnDemand, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def sources() -> None:
    """Sources of posts and candles."""


def main() -> None:
    try:
        app()
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:  # the states and what was published are in small files
        if not disks.is_full(error):
            raise
        home = settings.load().home
        print(f"newswake: {disks.sentence(f'NEWSWAKE_HOME ({home})')}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
