"""`python -m producers posts | candles | replay | simulate`."""

from __future__ import annotations

import sys

import typer

from newswake import disks, settings
from newswake.errors import NewswakeError
from producers.candles.command import candles
from producers.posts.command import posts
from producers.replay.command import replay
from producers.simulator.command import simulate

app = typer.Typer(help="Sources of posts and candles.", no_args_is_help=True, pretty_exceptions_enable=False)
for command in (posts, candles, replay, simulate):
    app.command()(command)


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
