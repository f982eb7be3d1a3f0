"""A world to serve, made once, and a stand of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from producers.generator.month import make_month
from producers.recordings.folder import open_folder
from producers.simulator.recorded import recorded_world
from producers.simulator.world import World
from tests.unit.faults.stand import START, Elsewhere, Stand, standing


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("recording")
    make_month(11, START, days=4, posts_per_day=80).write(folder)
    return recorded_world(open_folder(folder), 1, "binance", "USDT")


@pytest.fixture
def stand(world: World, tmp_path: Path) -> Iterator[Stand]:
    with standing(world, tmp_path / "home") as stand:
        yield stand


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    other = Elsewhere()
    yield other
    other.close()
