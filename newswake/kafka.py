"""Kafka as its clients see it: their configuration from the settings, and the two topics, made when missing."""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata, ConfigResource, NewTopic

from newswake.errors import ServiceError
from newswake.settings import Kafka
from newswake.tls import check_certificates

FIRST_LOOK_SECONDS = 1.0
GROUPS = "newswake"

log = logging.getLogger(__name__)

# Who says when a message came: the broker, not its sender.
STAMP, BROKER_STAMPS = "message.timestamp.type", "LogAppendTime"


class Client(Protocol):
    """An AdminClient or a Consumer, as far as it is needed to see whether the broker takes us."""

    def list_topics(self, *, timeout: float) -> ClusterMetadata: ...

    def poll(self, timeout: float) -> object: ...


class Heard:
    """What a client says in the background of its connection; give it to the client as `error_cb`.

    The call that fails then only says that it timed out: the refused password or certificate is told here.
    """

    def __init__(self) -> None:
        self._errors: deque[KafkaError] = deque(maxlen=20)

    def __call__(self, error: KafkaError) -> None:
        self._errors.append(error)

    @property
    def refusal(self) -> KafkaError | None:
        """Why trying again is of no use: the credentials or the certificates are refused."""
        refused = [error for error in self._errors if error.code() == KafkaError._AUTHENTICATION or _is_of_tls(error)]
        return refused[-1] if refused else None

    @property
    def reason(self) -> KafkaError | None:
        """What says most about a connection that does not come about."""
        told = [error for error in self._errors if error.code() != KafkaError._ALL_BROKERS_DOWN]
        return self.refusal or (told[-1] if told else None)


def client_config(kafka: Kafka) -> dict[str, Any]:
    """Configuration of a confluent-kafka client: addresses, and credentials where the settings have any.

    Raises `SettingsError` when a file that the settings name cannot be used.
    """
    config: dict[str, Any] = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.startswith("SASL"):
        config["sasl.mechanism"] = kafka.sasl_mechanism
        config["sasl.username"] = kafka.sasl_username
        config["sasl.password"] = kafka.sasl_password.get_secret_value()
    authority, own = kafka.ssl_ca_location, kafka.ssl_client_location
    check_certificates(authority, own, "settings kafka.ssl_ca_location and kafka.ssl_client_location")
    if authority:
        config["ssl.ca.location"] = authority
    if own:
        config["ssl.certificate.location"] = config["ssl.key.location"] = own
    return config


def quiet_config(kafka: Kafka) -> dict[str, Any]:
    """The same for a client whose every call says itself what failed: nothing is logged in the background."""
    return {**client_config(kafka), "log_level": 0, "error_cb": lambda error: None}


def group_of(query: str) -> str:
    """The consumer group as which a query is seen.

    >>> group_of("post_prices")
    'newswake.post_prices'
    """
    return f"{GROUPS}.{query}"


def ensure_topics(kafka: Kafka, timeout_seconds: float = 15.0) -> None:
    """Create the two topics when they are missing; what exists is left as it is.

    The broker stamps a message on append (`LogAppendTime`): a sender's own time is only a claim, and the stream
    judges what lies in the future by the broker's.

    Raises `ServiceError` when the broker does not answer or refuses. A topic that believes its senders is logged.
    """
    heard = Heard()
    topic_config = {
        STAMP: BROKER_STAMPS,
        "retention.ms": str(kafka.retention_hours * 3_600_000),
        "max.message.bytes": str(kafka.max_message_bytes),
    }
    wanted = {kafka.posts_topic: kafka.posts_partitions, kafka.candles_topic: kafka.candles_partitions}
    config = client_config(kafka) | {"socket.timeout.ms": int(timeout_seconds * 1000), "log_level": 0}
    admin = AdminClient(config | {"error_cb": heard})
    try:
        present = metadata(admin, kafka, heard, timeout_seconds).topics
        missing = [
            NewTopic(name, num_partitions=count, replication_factor=kafka.replication_factor, config=topic_config)
            for name, count in wanted.items()
            if name not in present
        ]
        for future in admin.create_topics(missing).values() if missing else ():
            try:
                future.result()
            except KafkaException as error:
                if error.args[0].name() != "TOPIC_ALREADY_EXISTS":  # another program of ours was faster
                    raise
        _warn_of_claimed_times(admin, [name for name in wanted if name in present], timeout_seconds)
    except KafkaException as error:
        raise failure(kafka, error.args[0], heard) from error


def metadata(client: Client, kafka: Kafka, heard: Heard, timeout_seconds: float) -> ClusterMetadata:
    """What the broker says of itself. `heard` is the client's `error_cb`.

    Raises `ServiceError` as soon as the broker has refused us, or when it has not answered in time.
    """
    deadline, look = time.monotonic() + timeout_seconds, FIRST_LOOK_SECONDS
    while True:
        try:
            return client.list_topics(timeout=min(look, timeout_seconds))
        except KafkaException as error:
            client.poll(0)  # lets it tell what it met in the background
            look *= 2
            if heard.refusal is not None or time.monotonic() > deadline:
                raise failure(kafka, error.args[0], heard) from error


def failure(kafka: Kafka, error: KafkaError, heard: Heard | None = None) -> ServiceError:
    """An error of a client as one sentence that names the settings to look at."""
    told = (heard.reason if heard else None) or error
    broker = f"The broker at {kafka.bootstrap_servers} (setting kafka.bootstrap_servers)"
    why = " ".join(told.str().split())
    if told.code() == KafkaError._AUTHENTICATION:
        return ServiceError(
            f"{broker} refuses the user {kafka.sasl_username or '(none)'} (settings kafka.sasl_username, "
            f"kafka.sasl_password and kafka.sasl_mechanism): {why}"
        )
    if _is_of_tls(told):
        return ServiceError(
            f"{broker} and we do not agree on TLS (settings kafka.ssl_ca_location and kafka.ssl_client_location): {why}"
        )
    return ServiceError(f"No broker answers at {kafka.bootstrap_servers} (setting kafka.bootstrap_servers): {why}")


def _is_of_tls(error: KafkaError) -> bool:
    """A certificate that we refuse has a code of its own, one of ours that the broker refuses is only an alert."""
    return error.code() == KafkaError._SSL or "tls alert" in error.str()


def _warn_of_claimed_times(admin: AdminClient, topics: list[str], timeout_seconds: float) -> None:
    """Say of a topic that it does not stamp its messages itself; whoever made it may have had a reason."""
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in topics]
    answers = admin.describe_configs(resources, request_timeout=timeout_seconds) if resources else {}
    for resource, answer in answers.items():
        try:
            stamped_by = answer.result()[STAMP].value
        except KafkaException as error:
            # Whoever may not read the settings of a topic is told so, and has to trust whoever set them.
            log.warning("the settings of the topic %s cannot be read: %s", resource.name, error.args[0].str())
            continue
        if stamped_by != BROKER_STAMPS:
            log.warning(
                "the topic %s believes the times that senders claim (%s=%s), and one from the future would stop the "
                "clock of the join: set %s=%s for it with kafka-configs",
                resource.name, STAMP, stamped_by, STAMP, BROKER_STAMPS,
            )  # fmt: skip
