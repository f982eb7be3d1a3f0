"""The offsets that a query has processed, as those of a consumer group `newswake.<query>`: for display only.

Spark keeps its position in the checkpoint and commits nothing to Kafka, so that Kafka's own tools, and every lag
exporter, see no consumer. The group has no members; only the monitor reads its offsets, while the application is down.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import Future

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from newswake.health.report import Offsets, Report
from newswake.kafka import group_of

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5.0

Asked = Future[ConsumerGroupTopicPartitions]


class GroupOffsets:
    """Commits the newest position of each query. Never raises; what fails is logged once until it works again."""

    def __init__(self, admin: AdminClient) -> None:
        self._admin = admin
        self._committed: dict[str, Offsets] = {}
        self._failing: set[str] = set()

    def commit(self, reports: Iterable[Report]) -> bool:
        """`reports` in their order in time; only what moved is committed. Returns whether everything now is."""
        newest: Mapping[str, Offsets] = {report.query: report.read_to for report in reports if report.read_to}
        moved = {query: offsets for query, offsets in newest.items() if self._committed.get(query) != offsets}
        # All are asked before one is waited for: a broker that is away takes the time of one.
        for query, asked in {query: self._ask(query, offsets) for query, offsets in moved.items()}.items():
            refused = _refusal(asked)
            if refused is None:
                self._failing.discard(query)
                self._committed[query] = moved[query]
            elif query not in self._failing:
                log.warning("the offsets of the group %s cannot be shown: %s", group_of(query), refused.str())
                self._failing.add(query)
        return all(self._committed.get(query) == offsets for query, offsets in newest.items())

    def _ask(self, query: str, offsets: Offsets) -> Asked:
        positions = [
            TopicPartition(topic, int(partition), offset)
            for topic, ends in offsets.items()
            for partition, offset in ends.items()
        ]
        request = [ConsumerGroupTopicPartitions(group_of(query), positions)]
        (asked,) = self._admin.alter_consumer_group_offsets(request, request_timeout=TIMEOUT_SECONDS).values()
        return asked


def _refusal(asked: Asked) -> KafkaError | None:
    try:
        partitions = asked.result().topic_partitions or ()
    except KafkaException as error:
        refused: KafkaError = error.args[0]
        return refused
    # The answer as a whole may be good while single partitions were refused.
    return next((one.error for one in partitions if one.error is not None), None)
