"""How far the ends of the topics are, and how far behind each query is, in messages and in event time."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from newswake.health.inputs import TopicState
from newswake.health.report import Report
from newswake.offsets import bounds
from streaming.reporting.event_time import event_time

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 2.0
# Only single messages are looked at: nothing is fetched ahead.
CONSUMER = {
    "group.id": "newswake.monitor",
    "enable.auto.commit": False,
    "auto.offset.reset": "latest",
    "queued.min.messages": 1,
    "queued.max.messages.kbytes": 4_096,
    "fetch.wait.max.ms": 10,
}

Place = tuple[str, int, int]  # topic, partition, offset


class Broker(Protocol):
    """What is asked of the broker."""

    def ends(self, topic: str) -> dict[int, int]: ...

    def times(self, places: Iterable[Place]) -> dict[Place, datetime | None]: ...


@dataclass(frozen=True)
class Behind:
    """By topic: messages that a query has not read, and the event time between the topic's end and what it has read."""

    messages: Mapping[str, int]
    seconds: Mapping[str, float]


class Ends:
    """Asks the broker for the ends of the topics, and looks at single messages for the times that they tell of."""

    def __init__(self, broker: Broker, topics: Iterable[str]) -> None:
        self._broker = broker
        self._topics = tuple(topics)

    def look(self, reports: Mapping[str, Report]) -> tuple[tuple[TopicState, ...], dict[str, Behind]]:
        """The topics, and how far behind each query is, of which `reports` has the newest.

        A query that has read everything is 0 seconds behind; where a message tells no time, seconds are absent. Raises
        `KafkaException` when the broker does not answer.
        """
        ends = {topic: self._broker.ends(topic) for topic in self._topics}
        last = {topic: _before(topic, partitions) for topic, partitions in ends.items()}
        left = {query: _left(report, ends) for query, report in reports.items()}
        read = {
            (query, topic): _before(
                topic, {int(name): offset for name, offset in reports[query].read_to[topic].items()}
            )
            for query, topics in left.items()
            for topic, messages in topics.items()
            if messages
        }
        times = self._broker.times({place for places in (*last.values(), *read.values()) for place in places})
        newest = {topic: _newest(times, places) for topic, places in last.items()}
        seconds: dict[str, dict[str, float]] = {query: dict.fromkeys(topics, 0.0) for query, topics in left.items()}
        for (query, topic), places in read.items():
            end, reached = newest[topic], _newest(times, places)
            if end is None or reached is None:
                del seconds[query][topic]  # not known, which is not 0
            else:
                seconds[query][topic] = max(0.0, (end - reached).total_seconds())
        states = tuple(TopicState(topic, sum(ends[topic].values()), newest[topic]) for topic in self._topics)
        return states, {query: Behind(left[query], seconds[query]) for query in reports}


def _left(report: Report, ends: Mapping[str, Mapping[int, int]]) -> dict[str, int]:
    """By topic of the query, the messages behind its position."""
    return {
        topic: sum(max(0, end - read.get(str(partition), 0)) for partition, end in ends[topic].items())
        for topic, read in report.read_to.items()
        if topic in ends
    }


def _before(topic: str, offsets: Mapping[int, int]) -> list[Place]:
    """The places of the messages before these offsets."""
    return [(topic, partition, offset - 1) for partition, offset in offsets.items() if offset > 0]


def _newest(times: Mapping[Place, datetime | None], places: Iterable[Place]) -> datetime | None:
    return max((moment for place in places if (moment := times.get(place))), default=None)


class KafkaBroker:
    """The broker through one consumer, which only looks. What a message at a place said does not change: it is kept."""

    def __init__(self, config: Mapping[str, object]) -> None:
        self._consumer = Consumer({**config, **CONSUMER})
        self._known: dict[Place, datetime | None] = {}

    def ends(self, topic: str) -> dict[int, int]:
        return {number: high for number, (_, high) in bounds(self._consumer, topic, TIMEOUT_SECONDS).items()}

    def times(self, places: Iterable[Place]) -> dict[Place, datetime | None]:
        """The event times of the messages at the places; of those that came in time."""
        wanted = set(places)
        found = {place: self._known[place] for place in wanted if place in self._known}
        left = sorted(wanted - set(found))
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while left and time.monotonic() < deadline:
            # One place a partition at a time: a consumer is at one offset of each.
            turn = list({(topic, partition): (topic, partition, offset) for topic, partition, offset in left}.values())
            found |= self._read(turn, deadline)
            left = [place for place in left if place not in turn]
        self._known = found  # the others are of no use any more
        return dict(found)

    def _read(self, turn: list[Place], deadline: float) -> dict[Place, datetime | None]:
        self._consumer.assign([TopicPartition(*place) for place in turn])
        found: dict[Place, datetime | None] = {}
        while len(found) < len(turn) and (rest := deadline - time.monotonic()) > 0:
            message = self._consumer.poll(rest)
            if message is not None and (place := _place(message)) in turn:
                found[place] = event_time(message.value())
        self._consumer.unassign()
        return found

    def close(self) -> None:
        try:
            self._consumer.close()
        except KafkaException as error:
            log.warning("the consumer that looks at the topics did not close: %s", error.args[0].str())


def _place(message: Message) -> Place | None:
    if message.error() is not None:
        return None
    return (str(message.topic()), int(message.partition() or 0), int(message.offset() or 0))
