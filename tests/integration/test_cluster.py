"""The application on a Spark cluster: executors in other processes, one of which is killed with its worker."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts import cluster
from scripts.checks import port_is_free
from scripts.stop import stop
from scripts.submit import parent_of
from scripts.supervision import Supervisor, is_running, wait_until
from tests.conftest import Fresh, free_ports
from tests.integration.application import Submit, assert_nothing_secret
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.messages import publish
from tests.worlds.oracle import Difference, difference, expected, final_watermark
from tests.worlds.world import World

pytestmark = [pytest.mark.integration, pytest.mark.timeout(2_400)]

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)


@dataclass(frozen=True)
class Cluster:
    """A running cluster: its address, and the home that its programs belong to."""

    master: str
    home: Path

    def worker_pids(self) -> list[int]:
        states = Supervisor(self.home, cluster.KIND).states()
        return [state.pid for state in states if state.name.startswith("spark-worker") and state.pid]

    def executors(self) -> list[int]:
        """The executors that run below the workers."""
        workers = self.worker_pids()
        everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in everyone if parent_of(pid) in workers]


@pytest.fixture(scope="module")
def spark_cluster() -> Iterator[Cluster]:
    """A master and two workers on ports that nobody uses; they end with pytest."""
    home = Path(tempfile.mkdtemp(prefix="newswake-cluster-"))
    port, ui, *rest = free_ports(12)
    first = next(one for one in rest if one + 1 not in (port, ui) and port_is_free(one + 1))
    environ = {
        "NEWSWAKE_HOME": str(home),
        "NEWSWAKE_CONF": os.environ["NEWSWAKE_CONF"],
        "NEWSWAKE_CLUSTER__PORT": str(port),
        "NEWSWAKE_CLUSTER__UI_PORT": str(ui),
        "NEWSWAKE_CLUSTER__WORKER_UI_PORT": str(first),
        # As scripts.submit does for the driver: the executors live for a minute.
        "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    try:
        settings = cluster.start({**os.environ, **environ}, say=lambda line: None, tethered=True)
        yield Cluster(cluster.master_url(settings), home)
    finally:
        stop(home)
        shutil.rmtree(home, ignore_errors=True)


def assert_prices(written: Pipeline, world: World) -> None:
    wanted = expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))
    for rows in (written.table("post_prices"), written.prices_in_mongo()):
        assert difference(rows, wanted) == Difference()


@pytest.mark.long
def test_executors_in_other_processes_give_the_same_rows(
    spark_cluster: Cluster, submit: Submit, written: Pipeline, fresh: Fresh
) -> None:
    world = live_world(seed=91, hours=32, posts=12, quiet=(12, 20))
    publish(fresh.settings, world, avro=True)
    application = submit("--once", master=spark_cluster.master)
    application.until(lambda: len(spark_cluster.executors()) == 2, 600)
    for pid in spark_cluster.executors():
        line = Path(f"/proc/{pid}/cmdline").read_text()
        assert "CoarseGrainedExecutorBackend" in line and "-Xmx1024M" in line and "conf/log4j2.properties" in line
    assert application.ends(1_200) == 0, application.said[-3000:]
    assert "Lost executor" not in application.said
    assert_prices(written, world)
    assert {name for name in written.versions() if written.table(name).height} >= {"posts", "candles", "post_prices"}
    assert_nothing_secret(application.said, fresh)


def test_a_worker_killed_in_the_middle_of_a_batch_changes_no_row(
    spark_cluster: Cluster, submit: Submit, written: Pipeline, fresh: Fresh
) -> None:
    world = live_world(seed=92, hours=32, posts=12, quiet=(12, 20))
    publish(fresh.settings, world)
    wanted = expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))
    collection = written.database["post_prices"]
    application = submit(
        *("--once", "--queries", "post_prices"),
        master=spark_cluster.master,
        NEWSWAKE_STREAMING__MAX_OFFSETS_PER_TRIGGER=str(len(world.candles) // 18),
    )
    application.until(lambda: collection.count_documents({}) > wanted.height // 5, 1_200)
    victim = spark_cluster.worker_pids()[0]
    os.kill(victim, signal.SIGKILL)
    assert collection.count_documents({}) < wanted.height, "it was over before the worker was killed"
    assert wait_until(lambda: not is_running(victim) and len(spark_cluster.worker_pids()) == 2, 30)
    assert application.ends(1_200) == 0, application.said[-3000:]
    assert "Lost executor" in application.said
    assert_prices(written, world)
