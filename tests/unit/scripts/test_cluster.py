"""The programs of a cluster: where they listen, what they share and must not share."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from newswake.errors import SetupError
from newswake.settings import Settings
from newswake.settings_sources import resolve
from scripts import cluster
from scripts.options import CLUSTER, properties


def settings(home: Path, **variables: str) -> Settings:
    conf = home / "empty.toml"
    conf.touch()
    return resolve(environ={"NEWSWAKE_HOME": str(home), "NEWSWAKE_CONF": str(conf), **variables}).settings


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_everybody_listens_on_this_machine_and_on_a_port_of_its_own(tmp_path: Path) -> None:
    given = settings(tmp_path, NEWSWAKE_CLUSTER__WORKERS="3", NEWSWAKE_CLUSTER__PORT="7001")
    commands = [list(program.command) for program in cluster.programs(given)]
    assert len(commands) == 4
    assert {option(command, "--host") for command in commands} == {"127.0.0.1"}
    assert len({option(command, "--webui-port") for command in commands}) == 4
    assert len({option(command, "--work-dir") for command in commands[1:]}) == 3
    assert all(command[-1] == cluster.master_url(given) == "spark://127.0.0.1:7001" for command in commands[1:])


def test_executors_share_no_unpacked_library(tmp_path: Path) -> None:
    environ = cluster.environment(settings(tmp_path), "/usr/bin/java")
    assert not Path(environ["ROCKSDB_SHAREDLIB_DIR"]).is_absolute()
    assert environ["SPARK_LOCAL_IP"] == "127.0.0.1"
    assert "-Dspark.master.rest.enabled=false" in environ["SPARK_DAEMON_JAVA_OPTS"]


def test_what_a_worker_offers_is_enough_for_an_executor(tmp_path: Path) -> None:
    offered, conf = settings(tmp_path).cluster, properties(CLUSTER)
    assert int(offered.worker_memory.removesuffix("m")) >= int(conf["spark.executor.memory"].removesuffix("g")) * 1024
    assert offered.workers * offered.worker_cores == int(conf["spark.cores.max"])


def test_a_port_that_is_taken_is_named_with_its_setting(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        given = settings(tmp_path, NEWSWAKE_CLUSTER__PORT=str(port))
        with pytest.raises(SetupError, match=f"Port {port} for Spark's master .*NEWSWAKE_CLUSTER__PORT"):
            cluster.check_ports(given.cluster)
    assert cluster.alive_workers(given) == 0
