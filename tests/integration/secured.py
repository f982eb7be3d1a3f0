"""A broker with SASL/SCRAM over TLS that asks for a certificate, and a mongod with TLS and a user."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from newswake.errors import ServiceError
from newswake.kafka import ensure_topics
from newswake.settings_sources import resolve
from newswake.tether import die_with_parent
from scripts import kafka_broker, mongod
from scripts.checks import java_command
from tests.conftest import free_ports
from tests.integration.certificates import Authority

USER, PASSWORD = "news wake", 'quo"ted back\\slash'  # what has to be escaped somewhere on the way

BROKER = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=SECURE://127.0.0.1:{port},INSIDE://127.0.0.1:{inside},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SECURE://127.0.0.1:{port},INSIDE://127.0.0.1:{inside}
controller.listener.names=CONTROLLER
inter.broker.listener.name=INSIDE
listener.security.protocol.map=SECURE:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
auto.create.topics.enable=false
listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={certificate}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
"""


@dataclass(frozen=True)
class Secured:
    """`environ`: the settings with which a program gets in. `stranger`: an authority that nobody trusts."""

    environ: Mapping[str, str]
    stranger: Authority

    @property
    def mongo_uri(self) -> str:
        return self.environ["NEWSWAKE_MONGO__URI"]


@contextmanager
def secured_services(folder: Path) -> Iterator[Secured]:
    """Both services with files in `folder`; killed at the end."""
    authority, stranger = Authority(folder, "authority"), Authority(folder, "stranger")
    server = authority.sign("server")
    port, inside, controller, mongo_port = free_ports(4)
    address = f"127.0.0.1:{mongo_port}"
    environ = {
        "NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
        "NEWSWAKE_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "NEWSWAKE_KAFKA__SASL_USERNAME": USER,
        "NEWSWAKE_KAFKA__SASL_PASSWORD": PASSWORD,
        "NEWSWAKE_KAFKA__SSL_CA_LOCATION": str(authority.certificate),
        "NEWSWAKE_KAFKA__SSL_CLIENT_LOCATION": str(authority.sign("client")),
        "NEWSWAKE_MONGO__URI": f"mongodb://u:secret-of-mongo@{address}/?tls=true&tlsCAFile={authority.certificate}",
    }
    with ExitStack() as stack:
        stack.enter_context(_started(_mongod(folder, mongo_port, server, authority), folder / "mongod.log"))
        properties = folder / "broker.properties"
        properties.write_text(
            BROKER.format(
                port=port,
                inside=inside,
                controller=controller,
                data=folder / "broker",
                certificate=server,
                authority=authority.certificate,
            )
        )
        stack.enter_context(_started(_broker(properties), folder / "broker.log"))
        _until(lambda: _user_made(address, authority), folder / "mongod.log")
        kafka = resolve(environ={**environ, "NEWSWAKE_HOME": str(folder)}).settings.kafka
        _until(lambda: _answers(lambda: ensure_topics(kafka, 2.0)), folder / "broker.log")
        yield Secured(environ, stranger)


def _broker(properties: Path) -> list[str]:
    java = [java_command(), *kafka_broker.JVM_OPTIONS, "-cp", kafka_broker.jars()]
    scram = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    identity = kafka_broker.new_cluster_id()
    subprocess.run(
        [*java, "kafka.tools.StorageTool", "format", "-t", identity, "-c", str(properties), "--add-scram", scram],
        check=True,
        capture_output=True,
    )
    return [*java, "kafka.Kafka", str(properties)]


def _mongod(folder: Path, port: int, certificate: Path, authority: Authority) -> list[str]:
    (folder / "mongo").mkdir()
    return [
        mongod.binary(),
        *("--dbpath", str(folder / "mongo"), "--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket", "--auth"),
        *("--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(certificate)),
        *("--tlsCAFile", str(authority.certificate), "--tlsAllowConnectionsWithoutCertificates"),
        *("--wiredTigerCacheSizeGB", "0.25", "--quiet"),
    ]


@contextmanager
def _started(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, preexec_fn=die_with_parent)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _user_made(address: str, authority: Authority) -> bool:
    options = {"tls": True, "tlsCAFile": str(authority.certificate), "serverSelectionTimeoutMS": 1_000}
    with MongoClient[dict[str, object]](f"mongodb://{address}/", **options) as client:
        try:
            client.admin.command("createUser", "u", pwd="secret-of-mongo", roles=["root"])
        except PyMongoError:
            return False
    return True


def _answers(call: Callable[[], None]) -> bool:
    try:
        call()
    except ServiceError:
        return False
    return True


def _until(condition: Callable[[], bool], log: Path, seconds: float = 60.0) -> None:
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
        pause.wait(0.2)
