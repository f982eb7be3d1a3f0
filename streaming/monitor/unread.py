"""How far behind the queries are while the application does not say it: by the consumer groups that it left behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from newswake.kafka import group_of
from newswake.offsets import bounds

Place = tuple[str, int]


def unread(
    config: Mapping[str, Any], queries: Iterable[str], topics: Iterable[str], timeout_seconds: float
) -> dict[str, dict[str, int]]:
    """By query and topic, the messages behind the offsets of the query's group; of queries and topics that it has.

    `config` is a client's. Raises `KafkaException` when the broker refuses or does not answer.
    """
    ends: dict[Place, int] = {}
    found: dict[str, dict[str, int]] = {}
    for query in queries:
        # Not by an AdminClient, whose call for this can end the process (streaming/reporting/groups.py).
        consumer = Consumer({**config, "group.id": group_of(query), "enable.auto.commit": False})
        try:
            if not ends:
                ends = {
                    (topic, number): end
                    for topic in topics
                    for number, (_, end) in bounds(consumer, topic, timeout_seconds).items()
                }
            places = [TopicPartition(*place) for place in ends]
            committed = consumer.committed(places, timeout=timeout_seconds)
        finally:
            consumer.close()
        read = {(one.topic, one.partition): one.offset for one in committed if one.offset >= 0}
        left = {
            topic: sum(max(0, end - read.get(place, 0)) for place, end in ends.items() if place[0] == topic)
            for topic in {topic for topic, _ in read}
        }
        if left:
            found[query] = left
    return found
