"""Where the partitions of a topic begin and end, asked of a broker that may have made them just now."""

from __future__ import annotations

from typing import Protocol

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ClusterMetadata
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

# What a broker says of a partition for a moment after its topic was made, or while its leader changes.
NOT_READY = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._UNKNOWN_TOPIC,
    }
)
PAUSE_SECONDS = 0.2


class Asked(Protocol):
    """A Consumer, as far as it is needed here."""

    def list_topics(self, topic: str, *, timeout: float) -> ClusterMetadata: ...

    def get_watermark_offsets(self, partition: TopicPartition, *, timeout: float) -> tuple[int, int]: ...


def bounds(consumer: Asked, topic: str, timeout_seconds: float) -> dict[int, tuple[int, int]]:
    """Per partition, the offset of the oldest message and the one that the next message will get.

    Raises `KafkaException` when the broker refuses, does not answer, or has no such topic until the time is over.
    """
    return _settled(timeout_seconds)(_bounds, consumer, topic, timeout_seconds)


def partition_bounds(consumer: Asked, place: TopicPartition, timeout_seconds: float) -> tuple[int, int]:
    """The same of one partition."""
    return _settled(timeout_seconds)(consumer.get_watermark_offsets, place, timeout=timeout_seconds)


def _bounds(consumer: Asked, topic: str, timeout_seconds: float) -> dict[int, tuple[int, int]]:
    found = consumer.list_topics(topic, timeout=timeout_seconds).topics[topic]
    if found.error is not None:
        raise KafkaException(found.error)
    return {
        number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=timeout_seconds)
        for number in found.partitions
    }


def _settled(timeout_seconds: float) -> Retrying:
    return Retrying(
        retry=retry_if_exception(_passes),
        stop=stop_after_delay(timeout_seconds),
        wait=wait_fixed(PAUSE_SECONDS),
        reraise=True,
    )


def _passes(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in NOT_READY
