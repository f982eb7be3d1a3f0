"""Whether a recording has been told to its end and everything of it has come out."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import requests
from confluent_kafka import Consumer, KafkaException
from pymongo import DESCENDING
from pymongo.database import Database
from pymongo.errors import PyMongoError

from newswake.kafka import client_config
from newswake.offsets import bounds
from newswake.settings import Kafka
from scripts.report import Counts

STEADY_LOOKS = 4
QUERIES = frozenset({"posts", "candles", "post_prices", "dead_letters"})

Offsets = dict[str, dict[str, int]]


class Ending:
    """Looks at a run again and again; `arrived()` is true once, when the recording has ended and all of it came out.

    That is: the clock stands at its end, the tables have not grown for some looks, every query has read what was in
    the topics at the first of these, and a repair that began after the last growth has ended. (A few heartbeats still
    come after that, and are read as well.)
    """

    def __init__(self, clock_url: str, kafka: Kafka, database: Database[dict[str, Any]]) -> None:
        self._clock_url = clock_url
        self._kafka = kafka
        self._database = database
        self._looks: deque[tuple[Counts, Offsets]] = deque(maxlen=STEADY_LOOKS)
        self._grown_at = datetime.now(UTC)
        self._told = False

    def arrived(self, counts: Counts) -> bool:
        if self._told or not clock_ended(self._clock_url):
            return False
        if not self._looks or self._looks[-1][0] != counts:
            self._grown_at = datetime.now(UTC)
        try:
            self._looks.append((counts, end_offsets(self._kafka)))
            read = read_offsets(self._database)
            repaired = self._database["repairs"].find_one({"began_at": {"$gt": self._grown_at}})
        except (KafkaException, PyMongoError):  # the next look has them
            return False
        self._told = repaired is not None and settled(self._looks, read)
        return self._told


def settled(looks: Sequence[tuple[Counts, Offsets]], read: Mapping[str, Offsets]) -> bool:
    """Whether nothing grew over the last looks, and all queries have read what the first of them found."""
    counts, ends = looks[0]
    steady = len(looks) == STEADY_LOOKS and all(later == counts for later, _ in looks)
    return steady and read.keys() >= QUERIES and all(reached(offsets, ends) for offsets in read.values())


def clock_ended(url: str) -> bool:
    try:
        with requests.Session() as session:
            session.trust_env = False
            return bool(session.get(url, timeout=2.0).json()["ended"])
    except (requests.RequestException, ValueError, KeyError):
        return False


def end_offsets(kafka: Kafka) -> Offsets:
    """Where each partition of the two topics ends. Raises `KafkaException`."""
    consumer = Consumer({**client_config(kafka), "group.id": "newswake-look", "log_level": 0})
    try:
        topics = consumer.list_topics(timeout=5.0).topics
        return {
            topic: {str(partition): high for partition, (_, high) in bounds(consumer, topic, 5.0).items()}
            for topic in (kafka.posts_topic, kafka.candles_topic)
            if topic in topics
        }
    finally:
        consumer.close()


def read_offsets(database: Database[dict[str, Any]]) -> dict[str, Offsets]:
    """How far each query has read, from the newest report of each."""
    reports = database["query_progress"]
    found: dict[str, Offsets] = {}
    for name in reports.distinct("name"):
        report = reports.find_one({"name": name}, sort=[("$natural", DESCENDING)]) or {}
        offsets: Offsets = {}
        for source in report.get("sources", []):
            end = source.get("endOffset") or {}
            ends = json.loads(end) if isinstance(end, str) else end
            # A source that is no topic, as the files of the past clock are, has a number where a topic has partitions.
            offsets |= {topic: partitions for topic, partitions in ends.items() if isinstance(partitions, dict)}
        found[name] = offsets
    return found


def reached(read: Offsets, ends: Offsets) -> bool:
    """Whether a query has read the topics that it reads to their ends.

    >>> reached({"a": {"0": 5}}, {"a": {"0": 5}, "b": {"0": 9}}), reached({"a": {"0": 4}}, {"a": {"0": 5}})
    (True, False)
    """
    return bool(read) and all(
        offset >= ends.get(topic, {}).get(partition, 0)
        for topic, partitions in read.items()
        for partition, offset in partitions.items()
    )
