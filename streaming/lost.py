"""Messages that were deleted by the topics' retention before they were read, said before any query starts.

Spark would end the query in the middle of its plan with a stack trace, or, told to go on, skip them without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from newswake.errors import ServiceError
from newswake.kafka import client_config
from newswake.offsets import partition_bounds
from newswake.settings import Kafka

TIMEOUT_SECONDS = 15.0

# Topic -> partition -> offset.
Offsets = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, order=True)
class Lost:
    """Offsets `first` up to and without `end` of a partition, which no query has read and nobody can read any more."""

    topic: str
    partition: int
    first: int
    end: int

    def __str__(self) -> str:
        return f"{self.topic} partition {self.partition}, offsets {self.first:,} to {self.end - 1:,}"


def lost_messages(kafka: Kafka, read: Offsets) -> list[Lost]:
    """What lies between where a query has read to and what the topics still hold.

    Raises `ServiceError` for a topic that ends before what was read of it, and when the broker does not answer.
    """
    consumer = Consumer({**client_config(kafka), "group.id": "newswake-look", "log_level": 0})
    found: list[Lost] = []
    try:
        for topic, partitions in read.items():
            for partition, offset in partitions.items():
                place = TopicPartition(topic, int(partition))
                oldest, end = partition_bounds(consumer, place, TIMEOUT_SECONDS)
                if end < offset:
                    raise ServiceError(
                        f"The topic {topic} has been made anew: its partition {partition} ends at offset {end:,}, and "
                        f"{offset:,} were read of the old one; move the checkpoints away to read the new one, or give "
                        "it another name in the settings"
                    )
                if oldest > offset:
                    found.append(Lost(topic, int(partition), offset, oldest))
    except KafkaException as error:
        raise ServiceError(
            f"No broker answers at {kafka.bootstrap_servers} (setting kafka.bootstrap_servers): {error.args[0].str()}"
        ) from error
    finally:
        consumer.close()
    return found


def sentence(losses: Mapping[str, list[Lost]]) -> str:
    """What is gone, by query: the same messages are named once."""
    by_messages: dict[Lost, list[str]] = {}
    for query, lost in losses.items():
        for messages in lost:
            by_messages.setdefault(messages, []).append(query)
    return "; ".join(f"{messages} ({', '.join(queries)})" for messages, queries in sorted(by_messages.items()))
