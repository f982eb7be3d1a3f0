"""Kafka as its clients see it: their configuration from the settings, and the two topics, made when missing."""

from __future__ import annotations

import logging

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from newswake.errors import ServiceError
from newswake.settings import Kafka

log = logging.getLogger(__name__)

# Who says when a message came: the broker, not its sender.
STAMP, BROKER_STAMPS = "message.timestamp.type", "LogAppendTime"


def client_config(kafka: Kafka) -> dict[str, str | int | float | bool]:
    """Configuration of a confluent-kafka client: addresses, and credentials where the settings have any."""
    config: dict[str, str | int | float | bool] = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.startswith("SASL"):
        config["sasl.mechanism"] = kafka.sasl_mechanism
        config["sasl.username"] = kafka.sasl_username
        config["sasl.password"] = kafka.sasl_password.get_secret_value()
    if kafka.ssl_ca_location:
        config["ssl.ca.location"] = kafka.ssl_ca_location
    return config


def ensure_topics(kafka: Kafka, timeout_seconds: float = 15.0) -> None:
    """Create the two topics when they are missing; what exists is left as it is.

    The broker stamps a message on append (`LogAppendTime`): a sender's own time is only a claim, and the stream
    judges what lies in the future by the broker's.

    Raises `ServiceError` when the broker does not answer or refuses, or when a topic that exists believes its senders.
    """
    admin = AdminClient({**client_config(kafka), "socket.timeout.ms": int(timeout_seconds * 1000), "log_level": 0})
    topic_config = {
        STAMP: BROKER_STAMPS,
        "retention.ms": str(kafka.retention_hours * 3_600_000),
        "max.message.bytes": str(kafka.max_message_bytes),
    }
    wanted = {kafka.posts_topic: kafka.posts_partitions, kafka.candles_topic: kafka.candles_partitions}
    try:
        present = admin.list_topics(timeout=timeout_seconds).topics
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
        _refuse_claimed_times(admin, [name for name in wanted if name in present], timeout_seconds)
    except KafkaException as error:
        raise ServiceError(
            f"No broker answers at {kafka.bootstrap_servers} (setting kafka.bootstrap_servers): {error.args[0].str()}"
        ) from error


def _refuse_claimed_times(admin: AdminClient, topics: list[str], timeout_seconds: float) -> None:
    """Raises `ServiceError` for a topic that does not stamp its messages itself."""
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
            raise ServiceError(
                f"The topic {resource.name} believes the times that senders claim ({STAMP}={stamped_by}), and one from "
                f"the future would stop the clock of the join: set {STAMP}={BROKER_STAMPS} for it with kafka-configs"
            )
