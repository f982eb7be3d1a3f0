"""supervisord, so that it outlives a full disk: `python -m scripts.supervisord …` with supervisord's own arguments.

When it cannot write to a log it says so on its standard error, which is a file on the same disk: without this, that
second failure would end it, and every program with it.
"""

from __future__ import annotations

import io
import sys
from typing import TextIO

from supervisor.supervisord import main


class Forgiving(io.TextIOBase):
    """Writes as long as that is possible, and else leaves it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            return 0
        return len(text)


if __name__ == "__main__":
    sys.stderr = Forgiving(sys.stderr)
    main()
