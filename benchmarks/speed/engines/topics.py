"""Reading a topic from its beginning to a known number of messages, with confluent-kafka."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition


def consumer(bootstrap_servers: str, topic: str) -> Consumer:
    """One that reads all partitions of a topic from the beginning."""
    reader = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "newswake-bench",
            "enable.auto.commit": False,
            "queued.max.messages.kbytes": 65_536,
        }
    )
    partitions = reader.list_topics(topic, timeout=30).topics[topic].partitions
    reader.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    return reader


def values(bootstrap_servers: str, topic: str, count: int) -> Iterator[bytes]:
    """The values of `count` messages; those of one partition in order. Raises `RuntimeError` when they do not come."""
    reader, left = consumer(bootstrap_servers, topic), count
    try:
        while left:
            messages = reader.consume(min(left, 500), timeout=60)
            if not messages:
                raise RuntimeError(f"{left} of {count} messages of {topic} did not come within a minute")
            for message in messages:
                if message.error():
                    raise RuntimeError(f"{topic}: {message.error()}")
                left -= 1
                yield message.value() or b""
    finally:
        reader.close()


def page_of(value: bytes) -> dict[str, Any]:
    """The columns of a page by name, in whichever form it was written. Raises `ValueError` for what is none."""
    if value.startswith(b"{"):
        body: dict[str, Any] = orjson.loads(value)
        return body
    # Not above: who compares with pages in JSON needs no library for Avro.
    from newswake.avro_page import from_avro

    return from_avro(value)
