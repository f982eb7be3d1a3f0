"""From which machine and home the tables are written: one document in MongoDB, which every writer reaches.

The lock between the application and a repair by hand is a file in the home (streaming/locks.py). A repair that is run
on another machine would not see it, and could write the same rows at the same time. So the application leaves word
where it was started, and a repair from anywhere else is refused.
"""

from __future__ import annotations

import socket
from typing import Any

from pymongo.database import Database

from newswake.errors import ServiceError
from newswake.settings import Settings

COLLECTION = "writers"
NAME = "application"


def take(database: Database[dict[str, Any]], settings: Settings) -> None:
    """Say that the tables are now written from here; whoever did so before has ended, or is about to be refused."""
    database[COLLECTION].replace_one({"_id": NAME}, {"_id": NAME, **_here(settings)}, upsert=True)


def check(database: Database[dict[str, Any]], settings: Settings) -> None:
    """Raises `ServiceError` when the tables are written from somewhere else."""
    word = database[COLLECTION].find_one({"_id": NAME})
    here = _here(settings)
    if word is not None and {name: word.get(name) for name in here} != here:
        raise ServiceError(
            f"The tables are written from {word.get('host')}, home {word.get('home')}, and not from here "
            f"({here['host']}, home {here['home']}): run this there, or start the application here first "
            '(make submit ARGS="--once"), which makes this the place'
        )


def _here(settings: Settings) -> dict[str, str]:
    return {"host": socket.gethostname(), "home": str(settings.home.resolve())}
