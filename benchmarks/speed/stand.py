"""A broker and a mongod of their own, in a home that is deleted at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from newswake.settings import Settings
from newswake.settings_sources import resolve
from scripts.services import start, stop
from tests.conftest import LOCAL_PORTS, free_ports


@dataclass(frozen=True)
class Stand:
    """`environ`: what a program must be given, whole, to find the services and this home."""

    home: Path
    environ: Mapping[str, str]

    @property
    def settings(self) -> Settings:
        return resolve(environ=self.environ).settings

    def with_home_of(self, name: str) -> Stand:
        """The same services and topics, but another database, lake and checkpoints: for one run of one engine."""
        changed = {"NEWSWAKE_HOME": str(self.home / "runs" / name), "NEWSWAKE_MONGO__DATABASE": f"bench-{name}"}
        return Stand(self.home / "runs" / name, {**self.environ, **changed})

    def with_topics_of(self, name: str) -> Stand:
        """The same services, other topics."""
        topics = {"POSTS": f"posts-{name}", "CANDLES": f"candles-{name}"}
        changed = {f"NEWSWAKE_KAFKA__{kind}_TOPIC": topic for kind, topic in topics.items()}
        return Stand(self.home, {**self.environ, **changed})


@contextmanager
def home(**overrides: str) -> Iterator[Stand]:
    """A home and free ports, where nothing runs yet; `overrides` are settings, as environment variables."""
    folder = Path(tempfile.mkdtemp(prefix="newswake-bench-"))
    others = ("LOCAL__SPARK_UI_PORT", "SIMULATOR__PORT", "DASHBOARD__PORT", "MONITOR__PORT")
    names = (*LOCAL_PORTS, *(f"NEWSWAKE_{name}" for name in others))
    ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEWSWAKE_")}
    conf = folder / "newswake.toml"
    conf.touch()
    try:
        yield Stand(folder, {**kept, "NEWSWAKE_HOME": str(folder), "NEWSWAKE_CONF": str(conf), **ports, **overrides})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def stand(**overrides: str) -> Iterator[Stand]:
    """The same with the services."""
    with home(**overrides) as place:
        try:
            settings = start(place.environ, say=lambda line: None, tethered=True)
            found = {
                "NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
                "NEWSWAKE_MONGO__URI": settings.mongo.uri.get_secret_value(),
            }
            yield Stand(place.home, {**place.environ, **found})
        finally:
            stop(place.home)
