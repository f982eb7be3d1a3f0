"""The two topics as frames of Kafka rows: key, value, topic, partition, offset, timestamp."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pyspark.sql import DataFrame, SparkSession

from newswake.settings import Kafka

# A task reads only what is known to be there. But the consumer, while it gives that, already asks for what comes next.
# The broker holds this question for so long when there is nothing, and gets no other from the consumer until then: with
# the client's own 500 ms every task of a small batch waited half a second, and held a core of Spark's.
FETCH_WAIT_MS = 10


def read_topic(
    spark: SparkSession, kafka: Kafka, topic: str, max_offsets: int = 0, *, loss_accepted: bool = False
) -> DataFrame:
    """A stream over a whole topic, from its beginning. `max_offsets` (0: no limit) bounds one batch.

    `failOnDataLoss` stays on: messages that retention deleted before they were read must not go unnoticed. It is off
    for a start at which they were named and a person wants to go on (lost.py).
    """
    reader = (
        spark.readStream.format("kafka")
        .options(**client_options(kafka))
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .option("failOnDataLoss", str(not loss_accepted).lower())
    )
    if max_offsets:
        reader = reader.option("maxOffsetsPerTrigger", max_offsets)
    return reader.load()


def read_tail(spark: SparkSession, kafka: Kafka, topic: str, ends: Mapping[str, int], messages: int) -> DataFrame:
    """The last messages of each partition before the given offset, as a static frame; fewer where some are gone."""
    starts = {partition: max(0, end - messages) for partition, end in ends.items()}
    return (
        spark.read.format("kafka")
        .options(**client_options(kafka))
        .option("assign", json.dumps({topic: [int(partition) for partition in ends]}))
        .option("startingOffsets", json.dumps({topic: starts}))
        .option("endingOffsets", json.dumps({topic: dict(ends)}))
        .option("failOnDataLoss", "false")
        .load()
    )


def client_options(kafka: Kafka) -> dict[str, str]:
    """The Kafka client's settings as Spark takes them."""
    options = {
        "kafka.bootstrap.servers": kafka.bootstrap_servers,
        "kafka.security.protocol": kafka.security_protocol,
        "kafka.fetch.max.wait.ms": str(FETCH_WAIT_MS),
    }
    if kafka.security_protocol.startswith("SASL"):
        login = "scram.ScramLoginModule" if kafka.sasl_mechanism.startswith("SCRAM") else "plain.PlainLoginModule"
        user, password = (_quoted(text) for text in (kafka.sasl_username, kafka.sasl_password.get_secret_value()))
        options["kafka.sasl.mechanism"] = kafka.sasl_mechanism
        options["kafka.sasl.jaas.config"] = (
            f"org.apache.kafka.common.security.{login} required username={user} password={password};"
        )
    if kafka.ssl_ca_location:
        options["kafka.ssl.truststore.type"] = "PEM"
        options["kafka.ssl.truststore.location"] = kafka.ssl_ca_location
    if kafka.ssl_client_location:
        options["kafka.ssl.keystore.type"] = "PEM"
        options["kafka.ssl.keystore.location"] = kafka.ssl_client_location
    return options


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
