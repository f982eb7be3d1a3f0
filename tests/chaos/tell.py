"""The producer of one topic: `python -m tests.chaos.tell posts|candles`, which publishes what it is allowed to.

As a real one it goes on where it was after a kill, and what it does not know to have arrived it publishes again.
"""

from __future__ import annotations

import os
import sys
import threading
from itertools import islice
from pathlib import Path

from newswake.errors import NewswakeError
from newswake.kafka import ensure_topics
from newswake.settings import load
from producers.publisher import Publisher
from tests.chaos.month import Told, messages, month
from tests.worlds.world import at

PORTION = 100
LOOK_SECONDS = 0.1


def folder(home: Path) -> Path:
    return home / "chaos"


def allowed_hours(home: Path) -> float:
    """Up to which hour of the world may be published."""
    file = folder(home) / "allowed"
    return float(file.read_text()) if file.is_file() else 0.0


def progress(home: Path, kind: str) -> int:
    """How many messages the broker is known to have."""
    file = folder(home) / f"{kind}.progress"
    return int(file.read_text()) if file.is_file() else 0


def replace_text(file: Path, text: str) -> None:
    """Write whole or not at all."""
    draft = file.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(file)


def tell(kind: str, told: list[Told]) -> None:
    """Publish for ever: when all has been told there is nothing more to do."""
    settings = load()
    ensure_topics(settings.kafka)
    topic = settings.kafka.posts_topic if kind == "posts" else settings.kafka.candles_topic
    pause, place = threading.Event(), progress(settings.home, kind)
    publisher = Publisher(settings.kafka)
    while True:
        end = at(allowed_hours(settings.home))
        portion = [one for one in islice(told, place, place + PORTION) if one.at <= end]
        if not portion:
            pause.wait(LOOK_SECONDS)
            continue
        for one in portion:
            if one.is_beat:
                publisher.flush()  # in another partition it could overtake the posts that it covers
            publisher.publish_bytes(topic, one.key, one.value)
        publisher.flush()
        place += len(portion)
        replace_text(folder(settings.home) / f"{kind}.progress", str(place))


def main() -> None:
    kind = sys.argv[1]
    seed, days = (int(os.environ[f"NEWSWAKE_TEST_CHAOS_{name}"]) for name in ("SEED", "DAYS"))
    try:
        tell(kind, messages(month(seed, days), kind))
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
