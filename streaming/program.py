"""What every program of the streaming side does around its work: settings, logs, and one sentence when it fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from newswake import logs
from newswake.home import make_home
from newswake.settings import Settings, load
from streaming.sentences import EXPECTED, explain


def run_program(name: str, work: Callable[[Settings], None]) -> int:
    """Do the work with the settings in force; `name` stands in each line of the log.

    Returns the exit code: 0, or as streaming/sentences.py says; its sentence is then the last line.
    """
    mask: Callable[[str], str] = str
    settings: Settings | None = None
    try:
        settings = load()
        mask = logs.MaskSecrets([*logs.secrets_of(settings), *logs.secrets_of_environment(os.environ)]).mask
        logs.configure(settings, name)
        make_home(settings.home)
        work(settings)
    except EXPECTED as error:
        code, sentence = explain(error, settings, mask)
        print(f"newswake: {sentence}", file=sys.stderr, flush=True)
        return code
    return 0
