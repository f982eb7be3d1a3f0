"""How far behind the queries are while the application does not say it: by the consumer groups that it left behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from newswake.kafka import group_of

Place = tuple[str, int]


def unread(
    admin: AdminClient, queries: Iterable[str], partitions: Mapping[str, Iterable[int]], timeout_seconds: float
) -> dict[str, dict[str, int]]:
    """By query and topic, the messages behind the offsets of the query's group; of queries and topics that it has.

    Raises `KafkaException` when the broker refuses or does not answer.
    """
    places = [(topic, number) for topic, numbers in partitions.items() for number in numbers]
    newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the client gives it no type
    asked = admin.list_offsets({TopicPartition(*place): newest for place in places}, request_timeout=timeout_seconds)
    ends = {(place.topic, place.partition): answer.result().offset for place, answer in asked.items()}
    found: dict[str, dict[str, int]] = {}
    for query in queries:
        read = _committed(admin, group_of(query), timeout_seconds)
        left = {
            topic: sum(max(0, end - read.get(place, 0)) for place, end in ends.items() if place[0] == topic)
            for topic in partitions.keys() & {topic for topic, _ in read}
        }
        if left:
            found[query] = left
    return found


def _committed(admin: AdminClient, group: str, timeout_seconds: float) -> dict[Place, int]:
    request = [ConsumerGroupTopicPartitions(group)]
    (answer,) = admin.list_consumer_group_offsets(request, request_timeout=timeout_seconds).values()
    return {(one.topic, one.partition): one.offset for one in answer.result().topic_partitions if one.offset >= 0}
