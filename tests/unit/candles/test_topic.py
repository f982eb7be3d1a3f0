"""The end of a topic whose broker is not ready yet."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from newswake.errors import ServiceError
from newswake.settings import Kafka
from producers.candles.topic import KafkaTopicEnd


class StartingConsumer:
    """Answers with `errors` first; `topic_error` is what the metadata say of the topic."""

    def __init__(self, *errors: int, topic_error: KafkaError | None = None) -> None:
        self.errors = deque(errors)
        self.topic_error = topic_error

    def list_topics(self, topic: str, timeout: float) -> SimpleNamespace:
        found = SimpleNamespace(error=self.topic_error, partitions={0: None})
        self.topic_error = None
        return SimpleNamespace(topics={topic: found})

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> tuple[int, int]:
        if self.errors:
            raise KafkaException(KafkaError(self.errors.popleft()))
        return (3, 7)

    def poll(self, timeout: float) -> None:
        return None

    def close(self) -> None:
        return None


def topic_end(
    consumer: StartingConsumer, monkeypatch: pytest.MonkeyPatch, timeout_seconds: float = 5.0
) -> KafkaTopicEnd:
    monkeypatch.setattr("producers.candles.topic.Consumer", lambda config: consumer)
    return KafkaTopicEnd(Kafka(), "Binance", timeout_seconds)


def test_a_partition_that_has_no_leader_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = StartingConsumer(
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        topic_error=KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART),
    )
    assert topic_end(consumer, monkeypatch).bounds() == {0: (3, 7)}


def test_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = StartingConsumer(*[KafkaError.NOT_LEADER_FOR_PARTITION] * 1_000_000)
    with pytest.raises(ServiceError, match=r"kafka\.bootstrap_servers"):
        topic_end(consumer, monkeypatch, timeout_seconds=0.05).bounds()


def test_a_refusal_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = StartingConsumer(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(ServiceError, match="cannot be read"):
        topic_end(consumer, monkeypatch).bounds()
    assert not consumer.errors
