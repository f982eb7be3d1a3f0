"""streaming/app.py with places at which it can be made to die; spark-submit runs this file in its stead.

The runner names a place in the file `armed`; whoever comes by there first kills the JVM and the driver at once.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from streaming import app
from tests.chaos import places


def strike(place: str) -> None:
    """Die here when this place is armed, once."""
    folder = Path(os.environ["NEWSWAKE_HOME"]) / "chaos"
    armed = folder / "armed"
    if armed.is_file() and armed.read_text() == place:
        armed.rename(folder / "struck")
        os.killpg(0, signal.SIGKILL)  # scripts.submit gave the JVM and this driver a group of their own


if __name__ == "__main__":
    places.wrap(strike)
    sys.exit(app.main())
