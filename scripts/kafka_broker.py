"""The local Kafka broker: `python -m scripts.kafka_broker` runs it in the foreground, formatted on its first start.

Its files are in NEWSWAKE_HOME/kafka, its properties come from conf/kafka.properties, and it listens on 127.0.0.1.
"""

from __future__ import annotations

import base64
import os
import shutil
import string
import subprocess
import sys
import uuid
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from newswake.errors import NewswakeError, ServiceError, SetupError
from newswake.settings import Settings, load
from scripts.checks import check_disk, java_command, port_is_free
from scripts.places import CONF, JVM

# A broker for one laptop: what starts fast matters more than what is fastest after an hour.
JVM_OPTIONS = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
NEEDED_BYTES = 64_000_000  # with less it would end again, in the middle of something


def data_folder(home: Path) -> Path:
    return home / "kafka"


def address(settings: Settings) -> str:
    return f"127.0.0.1:{settings.local.kafka_port}"


def jars() -> str:
    """The broker's class path. Raises `SetupError` when the set-up did not fetch it."""
    folder = JVM / "kafka"
    if not any(folder.glob("kafka_*.jar")):
        raise SetupError(f"The broker's jars are not in {folder}: run `make setup`")
    return f"{folder}/*"


def properties(settings: Settings, data: Path) -> str:
    template = string.Template((CONF / "kafka.properties").read_text(encoding="utf-8"))
    return template.substitute(
        port=settings.local.kafka_port, controller_port=settings.local.kafka_controller_port, data=data
    )


def cluster_id(home: Path) -> str:
    """The id that formatting gave this home's broker; empty before that."""
    file = data_folder(home) / "meta.properties"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return next((line.partition("=")[2] for line in lines if line.startswith("cluster.id=")), "")


def answers(settings: Settings, timeout_seconds: float = 2.0) -> bool:
    """Whether this home's broker, and no other, answers on the port."""
    wanted = cluster_id(settings.home)
    if not wanted or port_is_free(settings.local.kafka_port):
        return False
    admin = AdminClient(
        {"bootstrap.servers": address(settings), "socket.timeout.ms": int(timeout_seconds * 1000), "log_level": 0}
    )
    try:
        metadata = admin.list_topics(timeout=timeout_seconds)
    except KafkaException:
        return False
    return bool(metadata.cluster_id == wanted and metadata.brokers)


def new_cluster_id() -> str:
    """22 characters of URL-safe base64, as Kafka makes them: without a leading `-`, which would read as an option."""
    while True:
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not identity.startswith("-"):
            return identity


def format_once(settings: Settings, java: str) -> None:
    """Give a new home its storage. Made beside and renamed, so that an interrupted one is made again.

    Raises `ServiceError` when it cannot be formatted, or when it holds something but not its own id: these are topics.
    """
    final = data_folder(settings.home)
    if cluster_id(settings.home):
        return
    if final.is_dir() and any(final.iterdir()):
        raise ServiceError(
            f"The broker's storage {final} has lost the file meta.properties with its cluster.id: restore that file, "
            "or delete the folder, and with it every message that no query has read"
        )
    draft = final.with_name("kafka.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    file = draft.with_suffix(".properties")
    file.write_text(properties(settings, draft), encoding="utf-8")
    command = [java, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", jars(), "kafka.tools.StorageTool"]
    result = subprocess.run(
        [*command, "format", "-t", new_cluster_id(), "-c", str(file)], capture_output=True, text=True, check=False
    )
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if "error" in line or "Exception" in line]
        reason = (lines or [f"code {result.returncode}"])[0].strip()
        raise ServiceError(f"The broker's storage {final} could not be formatted: {reason}")
    file.unlink()
    draft.rename(final)


def main() -> None:
    try:
        settings = load()
        java = java_command()
        check_disk(settings.home, NEEDED_BYTES, f"the local broker in {data_folder(settings.home)}")
        format_once(settings, java)
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)
    file = settings.home / "run" / "kafka.properties"
    file.write_text(properties(settings, data_folder(settings.home)), encoding="utf-8")
    logging = f"-Dlog4j2.configurationFile={CONF / 'kafka-log4j2.properties'}"
    os.execv(java, [java, *JVM_OPTIONS, "-Duser.timezone=UTC", logging, "-cp", jars(), "kafka.Kafka", str(file)])


if __name__ == "__main__":
    main()
