"""The offsets that a query has processed, as those of a consumer group `newswake.<query>`: for display only.

Spark keeps its position in the checkpoint and commits nothing to Kafka, so that Kafka's own tools, and every lag
exporter, see no consumer. The group has no members; only the monitor reads its offsets, while the application is down.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from newswake.health.report import Offsets, Report
from newswake.kafka import group_of

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5.0


class GroupOffsets:
    """Commits the newest position of each query. Never raises; what fails is logged once until it works again."""

    def __init__(self, admin: AdminClient) -> None:
        self._admin = admin
        self._committed: dict[str, Offsets] = {}
        self._failing: set[str] = set()

    def commit(self, reports: Iterable[Report]) -> bool:
        """`reports` in their order in time; only what moved is committed. Returns whether everything now is."""
        newest: Mapping[str, Offsets] = {report.query: report.read_to for report in reports if report.read_to}
        for query, offsets in newest.items():
            if self._committed.get(query) != offsets:
                self._commit(query, offsets)
        return all(self._committed.get(query) == offsets for query, offsets in newest.items())

    def _commit(self, query: str, offsets: Offsets) -> None:
        positions = [
            TopicPartition(topic, int(partition), offset)
            for topic, ends in offsets.items()
            for partition, offset in ends.items()
        ]
        group = group_of(query)
        request = [ConsumerGroupTopicPartitions(group, positions)]
        try:
            answers = self._admin.alter_consumer_group_offsets(request, request_timeout=TIMEOUT_SECONDS)
            # The answer as a whole may be good while single partitions were refused.
            partitions = [one for future in answers.values() for one in future.result().topic_partitions]
            refused = next((one.error for one in partitions if one.error is not None), None)
        except KafkaException as error:
            refused = error.args[0]
        if refused is not None:
            if query not in self._failing:
                log.warning("the offsets of the group %s cannot be shown: %s", group, refused.str())
            self._failing.add(query)
            return
        self._failing.discard(query)
        self._committed[query] = offsets
