"""A Spark standalone master and its workers on this machine, in the background: `python -m scripts.cluster`.

They come from the installed pyspark and listen on 127.0.0.1 only. What runs already for this home is used; a worker
that dies is started again by the supervisor. `python -m scripts.stop` ends them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import requests

from newswake.errors import NewswakeError, ServiceError
from newswake.home import make_home
from newswake.settings import Cluster, Settings
from newswake.settings_sources import resolve, variable_of
from scripts.checks import check_port, java_command
from scripts.services import forget_starts, last_line
from scripts.submit import spark_home
from scripts.supervision import Program, Supervisor, wait_until

KIND = "cluster"
HOST = "127.0.0.1"
START_SECONDS = 120.0
MASTER = "spark-master"
# The REST door of the master takes programs from anybody, and nobody here uses it. What ended programs left behind,
# a copy of all jars each, is deleted.
DAEMON_OPTIONS = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Duser.timezone=UTC",
    "-Dspark.master.rest.enabled=false",
    "-Dspark.worker.cleanup.enabled=true",
    "-Dspark.worker.cleanup.interval=600",
    "-Dspark.worker.cleanup.appDataTtl=3600",
)


def master_url(settings: Settings) -> str:
    return f"spark://{HOST}:{settings.cluster.port}"


def programs(settings: Settings) -> list[Program]:
    """The master, and the workers that look for it."""
    cluster, spark_class = settings.cluster, str(spark_home() / "bin" / "spark-class")
    deploy = "org.apache.spark.deploy"
    listens = ("--host", HOST, "--port", str(cluster.port), "--webui-port", str(cluster.ui_port))
    workers = [
        Program(
            f"spark-worker-{number + 1}",
            [
                *(spark_class, f"{deploy}.worker.Worker", "--host", HOST),
                *("--cores", str(cluster.worker_cores), "--memory", cluster.worker_memory),
                *("--webui-port", str(cluster.worker_ui_port + number)),
                *("--work-dir", str(settings.home / "spark" / "work" / str(number + 1))),
                master_url(settings),
            ],
            stop_seconds=5,
        )
        for number in range(cluster.workers)
    ]
    return [Program(MASTER, [spark_class, f"{deploy}.master.Master", *listens], stop_seconds=5), *workers]


def environment(settings: Settings, java: str) -> dict[str, str]:
    """What the JVMs of the cluster get, and through the workers their executors."""
    local = settings.home / "spark" / "executors"
    return {
        "SPARK_HOME": str(spark_home()),
        "JAVA_HOME": os.environ.get("JAVA_HOME") or str(Path(java).resolve().parent.parent),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_DIRS": str(local),
        # RocksDB unpacks its library under one name. In a folder of all executors, the next one would write over what
        # another has loaded, and end it; "." is each executor's own, which is deleted after it.
        "ROCKSDB_SHAREDLIB_DIR": ".",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": " ".join(DAEMON_OPTIONS),
    }


def check_ports(cluster: Cluster) -> None:
    """Raises `SetupError` naming who holds a port that the cluster needs."""
    check_port(cluster.port, variable_of(KIND, "port"), "Spark's master")
    check_port(cluster.ui_port, variable_of(KIND, "ui_port"), "the page of Spark's master")
    for number in range(cluster.workers):
        check_port(cluster.worker_ui_port + number, variable_of(KIND, "worker_ui_port"), "the page of a Spark worker")


def alive_workers(settings: Settings) -> int:
    """How many workers the master knows; 0 when it does not answer."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            state = session.get(f"http://{HOST}:{settings.cluster.ui_port}/json/", timeout=2.0).json()
    except (requests.RequestException, ValueError):
        return 0
    ours = state.get("url") == master_url(settings)
    return sum(worker["state"] == "ALIVE" for worker in state["workers"]) if ours else 0


def start(
    environ: Mapping[str, str] | None = None, say: Callable[[str], None] = print, tethered: bool = False
) -> Settings:
    """Start the cluster unless it is whole already. Raises `NewswakeError` when it does not come up."""
    environ = dict(os.environ) if environ is None else environ
    settings = resolve(environ=environ).settings
    supervisor = Supervisor(settings.home, KIND)
    if supervisor.alive() and alive_workers(settings) >= settings.cluster.workers:
        return settings
    java = java_command()
    make_home(settings.home)
    supervisor.shut_down()  # one that lost a program is started whole again
    check_ports(settings.cluster)
    started = programs(settings)
    say(f"Starting {', '.join(program.name for program in started)} (logs in {settings.home / 'logs'})")
    (settings.home / "spark" / "executors").mkdir(parents=True, exist_ok=True)
    (settings.home / "run").mkdir(parents=True, exist_ok=True)
    forget_starts(settings.home, [program.name for program in started])
    supervisor.start({KIND: started}, tethered, {**environ, **environment(settings, java)})
    try:
        if not wait_until(lambda: alive_workers(settings) >= settings.cluster.workers, START_SECONDS, 0.3):
            log = settings.home / "logs" / f"{MASTER}.log"
            raise ServiceError(f"Spark's cluster is not whole after {START_SECONDS:g} s; {log} ends: {last_line(log)}")
    except BaseException:
        supervisor.shut_down()
        raise
    return settings


def main() -> None:
    try:
        settings = start()
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)
    cluster, page = settings.cluster, f"http://{HOST}:{settings.cluster.ui_port}"
    print(
        f"Running: {master_url(settings)}, {cluster.workers} workers of {cluster.worker_cores} core and "
        f"{cluster.worker_memory} each, page {page}\n  make submit MASTER={master_url(settings)}"
    )


if __name__ == "__main__":
    main()
