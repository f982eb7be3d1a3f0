"""The offsets that a query has processed, as those of a consumer group `newswake.<query>`: for display only.

Spark keeps its position in the checkpoint and commits nothing to Kafka, so that Kafka's own tools, and every lag
exporter, see no consumer. The group has no members; only the monitor reads its offsets, while the application is down.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from newswake.health.report import Offsets, Report
from newswake.kafka import group_of

log = logging.getLogger(__name__)


class GroupOffsets:
    """Commits the newest position of each query, and does not wait for the broker. Never raises; what fails is logged
    once until it works again.

    By a consumer a group, which reads nothing. The call of an AdminClient for the same ends the whole process, by an
    assertion in librdkafka (2.16), when a broker that went away while it waited comes back.
    """

    def __init__(self, config: Mapping[str, Any], consumer: Callable[[dict[str, Any]], Consumer] = Consumer) -> None:
        self._config = dict(config)
        self._make = consumer
        self._consumers: dict[str, Consumer] = {}
        self._asked: dict[str, Offsets] = {}
        self._committed: dict[str, Offsets] = {}
        self._failing: set[str] = set()

    def commit(self, reports: Iterable[Report]) -> bool:
        """`reports` in their order in time; only what moved is committed. Returns whether everything is by now."""
        newest: Mapping[str, Offsets] = {report.query: report.read_to for report in reports if report.read_to}
        for consumer in self._consumers.values():
            consumer.poll(0)  # hears the answers
        for query, offsets in newest.items():
            if query not in self._asked and self._committed.get(query) != offsets:
                self._ask(query, offsets)
        return all(self._committed.get(query) == offsets for query, offsets in newest.items())

    def _ask(self, query: str, offsets: Offsets) -> None:
        if query not in self._consumers:
            own = {
                "group.id": group_of(query),
                "enable.auto.commit": False,
                "on_commit": partial(self._answered, query),
            }
            self._consumers[query] = self._make(self._config | own)
        positions = [
            TopicPartition(topic, int(partition), offset)
            for topic, ends in offsets.items()
            for partition, offset in ends.items()
        ]
        self._asked[query] = offsets
        try:
            self._consumers[query].commit(offsets=positions, asynchronous=True)
        except KafkaException as error:
            self._answered(query, error.args[0], [])

    def _answered(self, query: str, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        asked = self._asked.pop(query)
        # The answer as a whole may be good while single partitions were refused.
        refused = error or next((one.error for one in partitions if one.error is not None), None)
        if refused is None:
            self._failing.discard(query)
            self._committed[query] = asked
        elif query not in self._failing:
            log.warning("the offsets of the group %s cannot be shown: %s", group_of(query), refused.str())
            self._failing.add(query)
