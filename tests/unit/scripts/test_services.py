"""Which services are ours to run, and the file that tells where they are."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from newswake.errors import ServiceError
from newswake.settings_sources import resolve
from scripts import kafka_broker, mongod, services
from scripts.supervision import ProgramState


def environ(home: Path, **more: str) -> dict[str, str]:
    conf = home / "empty.toml"
    conf.touch()
    return {"NEWSWAKE_HOME": str(home), "NEWSWAKE_CONF": str(conf), **more}


def test_both_are_ours_by_default_and_after_a_start(tmp_path: Path) -> None:
    assert services.local_services(resolve(environ=environ(tmp_path))) == ["kafka", "mongod"]
    services.write_env_file(
        tmp_path / "services.env",
        {"NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1", "NEWSWAKE_MONGO__URI": "mongodb://127.0.0.1:2"},
    )
    assert services.local_services(resolve(environ=environ(tmp_path))) == ["kafka", "mongod"]


def test_an_address_of_the_users_own_starts_nothing(tmp_path: Path) -> None:
    given = environ(tmp_path, NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS="b:9092", NEWSWAKE_MONGO__URI="mongodb://m")
    assert services.local_services(resolve(environ=given)) == []
    assert services.missing(resolve(environ=given)) == []


def test_an_address_in_the_file_of_settings_starts_nothing(tmp_path: Path) -> None:
    given = environ(tmp_path)
    Path(given["NEWSWAKE_CONF"]).write_text('[kafka]\nbootstrap_servers = "b:9092"\n')
    assert services.local_services(resolve(environ=given)) == ["mongod"]


def test_addresses_are_for_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "services.env"
    file.write_text("old")
    file.chmod(0o644)
    services.write_env_file(file, {"A": "1", "B": "2"})
    assert file.read_text() == "A=1\nB=2\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_mongods_secrets_are_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    mongod.prepare(tmp_path)
    files = [tmp_path / "mongo" / name for name in ("password", "keyfile")]
    first = [file.read_text() for file in files]
    mongod.prepare(tmp_path)
    assert [file.read_text() for file in files] == first
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert len(set(first)) == 2 and all(len(text) > 20 for text in first)


def test_the_broker_listens_on_this_machine_only(tmp_path: Path) -> None:
    settings = resolve(environ=environ(tmp_path, NEWSWAKE_LOCAL__KAFKA_PORT="1234")).settings
    text = kafka_broker.properties(settings, tmp_path / "kafka")
    assert "listeners=PLAINTEXT://127.0.0.1:1234,CONTROLLER://127.0.0.1:9093" in text.splitlines()
    assert f"log.dirs={tmp_path / 'kafka'}" in text.splitlines()
    assert "$" not in "".join(line for line in text.splitlines() if not line.startswith("#"))


def test_a_broker_that_lost_its_id_keeps_its_topics(tmp_path: Path) -> None:
    settings = resolve(environ=environ(tmp_path)).settings
    messages = kafka_broker.data_folder(tmp_path) / "CryptoPanic-0" / "0.log"
    messages.parent.mkdir(parents=True)
    messages.write_bytes(b"messages")
    for lost in (None, "", "version=1\n"):
        if lost is not None:
            (kafka_broker.data_folder(tmp_path) / "meta.properties").write_text(lost)
        with pytest.raises(ServiceError, match=r"kafka has lost the file meta\.properties"):
            kafka_broker.format_once(settings, "no-java")
    assert messages.read_bytes() == b"messages"


class Dying:
    """Stands for a supervisor whose broker has just ended."""

    def states(self) -> list[ProgramState]:
        return [ProgramState("kafka", "EXITED", 0, 2, 0.0)]


def test_a_broker_that_dies_is_explained_with_its_log(tmp_path: Path) -> None:
    settings = resolve(environ=environ(tmp_path)).settings
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "kafka.log").write_text("newswake: the broker's jars are not there\n\tat some.java.Line\n")
    with pytest.raises(ServiceError, match=r"kafka ended at once; see .*kafka\.log.*: the broker's jars"):
        services.wait_ready(["kafka"], settings, Dying(), timeout=5.0)  # type: ignore[arg-type]


def test_the_last_line_is_our_sentence_where_there_is_one(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("newswake: old\nnewswake: the reason\nnewswake: kafka starts again in 2 s (start 2)\n\tat x\n\n")
    assert services.last_line(log) == "the reason"
    log.write_text("one\n\ntwo\n\n")
    assert services.last_line(log) == "two"
    assert services.last_line(tmp_path / "absent") == "(nothing)"


def test_a_clusters_id_is_never_taken_for_an_option() -> None:
    ids = {kafka_broker.new_cluster_id() for _ in range(2000)}
    assert len(ids) == 2000
    assert all(len(identity) == 22 and identity[0] != "-" for identity in ids)
