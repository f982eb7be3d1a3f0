"""The candles topic read in pieces, without a consumer group: nothing is committed, nobody else is disturbed."""

from __future__ import annotations

from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from newswake.errors import ServiceError
from newswake.kafka import client_config
from newswake.offsets import bounds
from newswake.settings import Kafka


class KafkaTopicEnd:
    """A `TopicEnd` on a broker. Use as a context manager."""

    def __init__(self, kafka: Kafka, topic: str, timeout_seconds: float = 15.0) -> None:
        self._kafka = kafka
        self._topic = topic
        self._timeout_seconds = timeout_seconds
        self._consumer = Consumer(
            {
                **client_config(kafka),
                "group.id": "newswake-candles-resume",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
            }
        )

    def __enter__(self) -> KafkaTopicEnd:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def bounds(self) -> dict[int, tuple[int, int]]:
        try:
            return bounds(self._consumer, self._topic, self._timeout_seconds)
        except KafkaException as error:
            raise self._failure(error.args[0]) from error

    def values(self, partition: int, start: int, end: int) -> Iterator[bytes | None]:
        if start >= end:
            return
        self._consumer.assign([TopicPartition(self._topic, partition, start)])
        try:
            while True:
                message = self._next()
                offset = None if message is None else message.offset()
                if message is None or offset is None or offset >= end:
                    return
                yield message.value()
                if offset == end - 1:
                    return
        finally:
            self._consumer.unassign()

    def _next(self) -> Message | None:
        """The next message, or None at the end of the partition."""
        message = self._consumer.poll(self._timeout_seconds)
        if message is None:
            raise ServiceError(f"{self._place()} gave no message within {self._timeout_seconds:g} s")
        error = message.error()
        if error is None:
            return message
        if error.code() == KafkaError._PARTITION_EOF:
            return None
        raise self._failure(error)

    def _failure(self, error: KafkaError) -> ServiceError:
        return ServiceError(f"{self._place()} cannot be read: {error.str()}")

    def _place(self) -> str:
        return f"The topic {self._topic} at {self._kafka.bootstrap_servers} (setting kafka.bootstrap_servers)"
