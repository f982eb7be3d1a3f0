"""A disk that is full in the middle of a batch: one sentence, and exactly the right rows once there is space."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from py4j.protocol import Py4JError
from pydantic import SecretStr
from pymongo.errors import PyMongoError
from pyspark.errors import StreamingQueryException

from newswake.errors import ServiceError
from newswake.settings import Lake
from newswake.settings_sources import resolve
from newswake.tether import die_with_parent
from producers.publisher import Publisher
from scripts import kafka_broker, mongod
from scripts.supervision import Program, Supervisor, wait_until
from streaming.reasons import reason_of
from tests.conftest import ROOT, Fresh, free_ports
from tests.integration.application import Application
from tests.integration.disks import fill, make_space, small_disk
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES
from tests.worlds.messages import candles as candle_message
from tests.worlds.messages import publish
from tests.worlds.oracle import Difference, difference, expected, final_watermark
from tests.worlds.world import Observed, World, at, beats, hours_of

pytestmark = [pytest.mark.spark, pytest.mark.integration]

QUERIES = ("candles", "post_prices")
HORIZONS = (0, 1, 5, 15, 60, 240)


@pytest.fixture
def world() -> World:
    """Two coins over thirty hours; posts with one coin that nobody prices."""
    posts = [Observed(at(n, 30), f"{n:02d}", at(n, 3), ("BTC", "ETH", "GHOST")) for n in range(1, 25)]
    pages = zip(hours_of("BTC", at(0), 30), hours_of("ETH", at(0), 30), strict=True)
    return World((*posts, *beats(at(25), at(30))), tuple(page for pair in pages for page in pair))


def assert_right(pipeline: Pipeline, world: World) -> None:
    wanted = expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))
    assert wanted["price"].count() > 200 and wanted["price"].null_count() > 50
    for rows in (pipeline.table("post_prices"), pipeline.prices_in_mongo()):
        assert difference(rows, wanted) == Difference()
    assert pipeline.table("candles").n_unique(["symbol", "open_time"]) == pipeline.table("candles").height == 3_600
    assert pipeline.database["candles"].count_documents({}) == 3_600


def environ_of(fresh: Fresh, **changed: str) -> dict[str, str]:
    return {
        **fresh.environ,
        "NEWSWAKE_LOCAL__SPARK_UI_PORT": str(free_ports(1)[0]),
        "NEWSWAKE_MONITOR__PORT": str(free_ports(1)[0]),
        "NEWSWAKE_LOCAL__DRIVER_MEMORY": "1g",
        "NEWSWAKE_STREAMING__LATENESS_MINUTES": str(LATENESS_MINUTES),
        "NEWSWAKE_STREAMING__HORIZONS_MINUTES": ",".join(map(str, HORIZONS)),
        "NEWSWAKE_STREAMING__TRIGGER_SECONDS": "0.2",
        **changed,
    }


class Service:
    """A local service, as the project runs it, with a home on a small disk."""

    def __init__(self, module: str, home: Path, log: Path) -> None:
        ports = dict(zip(("MONGO_PORT", "KAFKA_PORT", "KAFKA_CONTROLLER_PORT"), map(str, free_ports(3)), strict=True))
        self.environ = {"NEWSWAKE_HOME": str(home)} | {f"NEWSWAKE_LOCAL__{name}": port for name, port in ports.items()}
        self.settings = resolve(environ=self.environ).settings
        self.log = log
        self._module = module
        self.process: subprocess.Popen[bytes] | None = None
        (home / "run").mkdir()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                cwd=ROOT,
                env={**os.environ, **self.environ},
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )

    def ready(self) -> None:
        """Start it and wait until it answers."""
        self.start()
        answers = mongod.answers if self._module == "scripts.mongod" else kafka_broker.answers
        assert wait_until(lambda: answers(self.settings), 60), self.said[-3000:]

    def ends(self) -> int:
        assert self.process is not None
        return self.process.wait(60)

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def service(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    with small_disk(tmp_path / "disk", megabytes=500) as disk:
        service = Service(request.param, disk, tmp_path / "service.log")
        yield service
        service.kill()


def failure_of(pipeline: Pipeline, **streaming: Any) -> str:
    """Run into the full disk; returns what the application would say as its last line."""
    with pytest.raises((StreamingQueryException, Py4JError, PyMongoError, ServiceError)) as failed:
        pipeline.once(QUERIES, **streaming)
    sentence = reason_of(failed.value, pipeline.settings)
    assert "\n" not in sentence and "Traceback" not in sentence
    return sentence


def with_disk(pipeline: Pipeline, **groups: dict[str, object]) -> None:
    """Change settings of the pipeline, by group."""
    changed = {name: getattr(pipeline.settings, name).model_copy(update=update) for name, update in groups.items()}
    streaming = changed.get("streaming", pipeline.settings.streaming).model_copy(
        update={"horizons_minutes": HORIZONS, "lateness_minutes": LATENESS_MINUTES}
    )
    pipeline.settings = pipeline.settings.model_copy(update={**changed, "streaming": streaming})


def halves(world: World) -> tuple[World, World]:
    """All posts and half of the candles, then the other half."""
    middle = len(world.candles) // 2
    return World(world.posts, world.candles[:middle]), World((), world.candles[middle:])


def test_the_lake_is_full(fresh: Fresh, pipeline: Pipeline, world: World, tmp_path: Path) -> None:
    """The application as it is really started: its last line, its code, and the next start."""
    with small_disk(tmp_path / "disk", megabytes=32) as disk:
        with_disk(pipeline, lake={"path": str(disk / "lake")})
        first, second = halves(world)
        publish(fresh.settings, first)
        environ = environ_of(fresh, NEWSWAKE_LAKE__PATH=str(disk / "lake"))
        application = Application(environ, tmp_path / "log", "app", ["--queries", ",".join(QUERIES)])
        application.until(lambda: pipeline.database["post_prices"].find_one() is not None)
        fill(disk, leave=8_192)
        publish(fresh.settings, second)
        assert application.ends() == 1
        last = application.said.splitlines()[-1]
        assert last.startswith("newswake: the query "), application.said[-3000:]
        assert f"No space left on the disk of the lake ({disk / 'lake'}): make room" in last
        make_space(disk)
        pipeline.once(QUERIES)
        assert_right(pipeline, world)


@pytest.mark.long
def test_the_checkpoints_are_full(fresh: Fresh, pipeline: Pipeline, world: World, tmp_path: Path) -> None:
    """At the very first start, and at two places of a later one, as far as the bytes that are left allow."""
    with small_disk(tmp_path / "disk", megabytes=64) as disk:
        place = disk / "checkpoints"
        place.mkdir()
        with_disk(pipeline, lake={"checkpoints": str(place)})
        first, second = halves(world)
        publish(fresh.settings, first)
        for leave in (8_192,):
            fill(disk, leave)
            assert f"No space left on the disk of the checkpoints ({place}): make room" in failure_of(pipeline)
            make_space(disk)
        pipeline.once(QUERIES)
        publish(fresh.settings, second)
        for leave in (4_096, 24_576):
            fill(disk, leave)
            assert f"No space left on the disk of the checkpoints ({place}): make room" in failure_of(pipeline)
            make_space(disk)
        pipeline.once(QUERIES)
        assert_right(pipeline, world)


@pytest.mark.long
@pytest.mark.parametrize("service", ["scripts.mongod"], indirect=True)
def test_the_database_is_full(fresh: Fresh, pipeline: Pipeline, world: World, service: Service) -> None:
    service.ready()
    disk = service.settings.home
    uri = SecretStr(mongod.uri(service.settings))
    with_disk(pipeline, mongo={"uri": uri, "timeout_ms": 2_000})
    pipeline = Pipeline(pipeline.spark, pipeline.settings.model_copy(update={"home": disk}))
    pipeline.settings = pipeline.settings.model_copy(
        update={"lake": Lake(path=fresh.settings.lake_path, checkpoints=fresh.settings.checkpoints_path)}
    )
    publish(fresh.settings, world)
    with when_there(pipeline, "candles", lambda: starve(pipeline, disk)):
        sentence = failure_of(pipeline, max_offsets_per_trigger=6)
    assert f"No space left on the disk of the local database ({disk / 'mongo'}): make room" in sentence
    assert service.ends() != 0
    assert 0 < pipeline.table("candles").height < 3_600, "it was not in the middle"

    service.start()
    assert service.ends() == 2
    assert service.said.splitlines()[-1].startswith(f"newswake: The disk of {disk} has 0.0 GB free")
    make_space(disk)
    service.ready()
    pipeline.once(QUERIES)
    assert_right(pipeline, world)
    pipeline.close()


def starve(pipeline: Pipeline, disk: Path) -> None:
    """Leave mongod no space, and let it write what it would have written within a minute."""
    fill(disk, leave=4_096)
    with suppress(PyMongoError):
        pipeline.client.admin.command("fsync")


@contextmanager
def when_there(pipeline: Pipeline, collection: str, act: Callable[[], None]) -> Iterator[None]:
    """Beside the block, `act` as soon as the collection has a document."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            if pipeline.database[collection].find_one() is not None:
                act()
                return

    with ThreadPoolExecutor(max_workers=1) as worker:
        watching = worker.submit(watch)
        try:
            yield
        finally:
            done.set()
            watching.result()


@pytest.mark.long
@pytest.mark.parametrize("service", ["scripts.kafka_broker"], indirect=True)
def test_the_broker_is_full(pipeline: Pipeline, world: World, service: Service, tmp_path: Path) -> None:
    service.ready()
    disk = service.settings.home
    with_disk(pipeline, kafka={"bootstrap_servers": kafka_broker.address(service.settings)})
    first, second = halves(world)
    publish(pipeline.settings, first)
    pipeline.once(QUERIES)
    fill(disk, leave=16_384)
    publisher = Publisher(pipeline.settings.kafka, timeout_seconds=5.0)
    with pytest.raises(ServiceError) as refused:
        for page in second.candles:
            body = json.dumps(candle_message(page)).encode()
            publisher.publish_bytes(pipeline.settings.kafka.candles_topic, page.symbol.encode(), body)
        publisher.flush()
    assert "kafka.bootstrap_servers" in str(refused.value) and "Connection refused" in str(refused.value)
    assert service.ends() != 0
    assert "kafka.bootstrap_servers" in failure_of(pipeline)

    service.start()
    assert service.ends() == 2
    assert service.said.splitlines()[-1].startswith(f"newswake: The disk of {disk} has 0.0 GB free")
    make_space(disk)
    service.ready()
    publish(pipeline.settings, second)  # what was taken before comes twice
    pipeline.once(QUERIES)
    assert_right(pipeline, world)


def test_the_logs_are_full(tmp_path: Path) -> None:
    """The supervisor and what it runs go on, and nothing is started again and again without a pause."""
    (tmp_path / "talking.py").write_text("while True:\n    print('x' * 500, flush=True)\n")
    (tmp_path / "crashing.py").write_text("raise SystemExit(1)")
    programs = [Program(name, [sys.executable, str(tmp_path / f"{name}.py")], 2) for name in ("talking", "crashing")]
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        supervisor = Supervisor(disk, "run")

        def pid(name: str) -> int:
            return next(state.pid for state in supervisor.states() if state.name == name)

        def waits(seconds: float = 3.0) -> bool:
            before = pid("crashing")
            return before != 0 and not wait_until(lambda: pid("crashing") != before, seconds)

        try:
            supervisor.start({"apps": programs}, tethered=True, environ={})
            talking = pid("talking")
            assert wait_until(lambda: shutil.disk_usage(disk).free == 0, 20), "it did not fill the disk"
            assert wait_until(waits, 15), "it is started again and again"
            assert pid("talking") == talking, "it was started again"
        finally:
            supervisor.shut_down()
