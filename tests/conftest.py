"""What tests share: a real broker and a real mongod, names of their own, the recorded data, a Spark session.

`services` starts the services through the project's own scripts, in a temporary home, on ports that nobody uses;
they are tethered to pytest, so that none is left behind. Tests do not meet: `fresh` gives each its topics, database
and lake.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

from newswake.settings import Settings
from newswake.settings_sources import resolve
from scripts.checks import port_is_free

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parent.parent
# The machine may be busy: no example has to be quick.
hypothesis_settings.register_profile("newswake", deadline=None)
hypothesis_settings.load_profile("newswake")

JVM_ERROR_FILE = "jvm-error.log"
JVM = pytest.StashKey[tuple["subprocess.Popen[bytes]", Path]]()
BELOW_WHAT_SYSTEMS_HAND_OUT = range(15_000, 32_000)
LOCAL_PORTS = ("NEWSWAKE_LOCAL__KAFKA_PORT", "NEWSWAKE_LOCAL__KAFKA_CONTROLLER_PORT", "NEWSWAKE_LOCAL__MONGO_PORT")


@pytest.fixture(scope="session", autouse=True)
def _settings_of_the_caller_stay_out() -> Iterator[None]:
    """A test goes by the defaults and what it sets itself, whatever the shell or conf/newswake.toml says."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if _is_setting(name)}
    with tempfile.TemporaryDirectory(prefix="newswake-conf-") as folder:
        empty = Path(folder) / "newswake.toml"
        empty.touch()
        os.environ["NEWSWAKE_CONF"] = str(empty)
        yield
    del os.environ["NEWSWAKE_CONF"]
    os.environ.update(kept)


def _is_setting(name: str) -> bool:
    return name.startswith("NEWSWAKE_") and not name.startswith("NEWSWAKE_TEST_")


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Without its JVM no other test can succeed: stop, and say how the JVM ended, instead of failing hundreds."""
    jvm, scratch = item.config.stash.get(JVM, (None, None))
    if jvm is not None and scratch is not None and jvm.poll() is not None:
        file = scratch / JVM_ERROR_FILE
        said = file.read_text(encoding="utf-8", errors="replace")[:3_000] if file.is_file() else "it left no error file"
        memory = Path("/proc/meminfo").read_text(encoding="utf-8")[:90] if Path("/proc/meminfo").is_file() else ""
        free = shutil.disk_usage(scratch).free
        item.session.shouldstop = (
            f"Spark's JVM ended with {jvm.returncode} during {item.nodeid}: {said}\n{memory}free disk: {free:,} bytes"
        )


@dataclass(frozen=True)
class Services:
    """A running broker and mongod. `environ`: what a program must be given to find them (with os.environ)."""

    home: Path
    settings: Settings
    environ: Mapping[str, str]

    @property
    def bootstrap_servers(self) -> str:
        return self.settings.kafka.bootstrap_servers

    @property
    def mongo_uri(self) -> str:
        return self.settings.mongo.uri.get_secret_value()


@dataclass(frozen=True)
class Fresh:
    """Names that no other test uses. `settings` has them, `environ` gives them to a program that a test starts."""

    home: Path
    settings: Settings
    environ: Mapping[str, str]


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on, all different.

    Not such as Linux and macOS hand out by default: they give the same ones to connections that go out, and the
    programs that are started here may need a minute until they listen. Drawn afresh, so that runs side by side hardly
    meet.
    """
    found: list[int] = []
    drawn = random.SystemRandom().sample(BELOW_WHAT_SYSTEMS_HAND_OUT, len(BELOW_WHAT_SYSTEMS_HAND_OUT))
    while len(found) < count:
        port = drawn.pop()
        if port_is_free(port):
            found.append(port)
    return found


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """Start Kafka and MongoDB once for all tests that ask for them; takes about ten seconds."""
    from scripts.services import start, stop

    home = Path(tempfile.mkdtemp(prefix="newswake-"))
    ports = dict(zip(LOCAL_PORTS, map(str, free_ports(len(LOCAL_PORTS))), strict=True))
    environ = {"NEWSWAKE_HOME": str(home), "NEWSWAKE_CONF": os.environ["NEWSWAKE_CONF"], **ports}
    try:
        settings = start({**os.environ, **environ}, say=lambda line: None, tethered=True)
        yield Services(home, settings, environ)
    finally:
        stop(home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def fresh(services: Services, tmp_path: Path) -> Iterator[Fresh]:
    """Topics, a database, a home and a lake for one test, on the running services. The topics are not made yet."""
    from pymongo import MongoClient

    name = uuid.uuid4().hex[:12]
    environ = {
        "NEWSWAKE_HOME": str(tmp_path / "home"),
        "NEWSWAKE_CONF": os.environ["NEWSWAKE_CONF"],
        "NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS": services.bootstrap_servers,
        "NEWSWAKE_KAFKA__POSTS_TOPIC": f"CryptoPanic-{name}",
        "NEWSWAKE_KAFKA__CANDLES_TOPIC": f"Binance-{name}",
        "NEWSWAKE_MONGO__URI": services.mongo_uri,
        "NEWSWAKE_MONGO__DATABASE": f"test-{name}",
    }
    settings = resolve(environ=environ).settings
    yield Fresh(settings.home, settings, environ)
    with MongoClient[dict[str, object]](services.mongo_uri) as client:
        client.drop_database(settings.mongo.database)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded data beside the repository; a test that needs it is skipped where it is absent."""
    folder = Path(os.environ.get("NEWSWAKE_TEST_SHARED") or ROOT.parent / "shared") / "data"
    if not (folder / "recorded").is_dir():
        pytest.skip(f"the recorded data are not in {folder} (NEWSWAKE_TEST_SHARED names the folder above it)")
    return folder


@pytest.fixture(scope="session")
def spark_jars() -> list[Path]:
    """The connectors' jars, as the set-up fetched them, or those in the folder NEWSWAKE_TEST_JARS."""
    folder = Path(os.environ.get("NEWSWAKE_TEST_JARS") or ROOT / ".jvm" / "spark")
    jars = sorted(folder.glob("*.jar"))
    if not jars:
        pytest.fail(f"there are no jars in {folder}: run `make setup`, or set NEWSWAKE_TEST_JARS")
    return jars


@pytest.fixture(scope="session")
def spark(spark_jars: list[Path], request: pytest.FixtureRequest) -> Iterator[SparkSession]:
    """A local session with two threads, the connectors, conf/spark-defaults.conf, times in UTC."""
    from pyspark.sql import SparkSession

    from streaming.remembered_names import remember_names

    scratch = Path(tempfile.mkdtemp(prefix="newswake-spark-"))
    builder = SparkSession.builder.master("local[2]").appName("newswake-tests")
    own = spark_defaults()["spark.driver.extraJavaOptions"].split()
    own_options = " ".join(option for option in own if not option.startswith("-Dlog4j2."))
    for name, value in {
        **spark_defaults(),
        "spark.jars": ",".join(map(str, spark_jars)),
        "spark.driver.memory": "2g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        # Small data, many plans: the optimising compiler would take longer than what it makes faster.
        "spark.driver.extraJavaOptions": f"{own_options} "
        f"-Dderby.system.home={scratch} -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m "
        f"-XX:ErrorFile={scratch / JVM_ERROR_FILE}",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    remember_names(session)
    jvm = session.sparkContext._gateway.proc
    request.config.stash[JVM] = (jvm, scratch)
    yield session
    if jvm.poll() is None:
        session.stop()
    shutil.rmtree(scratch, ignore_errors=True)


def spark_defaults() -> dict[str, str]:
    """The settings that spark-submit gets from conf/spark-defaults.conf."""
    file = ROOT / "conf" / "spark-defaults.conf"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    pairs = (line.split(None, 1) for line in lines if line.strip() and not line.lstrip().startswith("#"))
    return {name: value.strip() for name, value in pairs}
