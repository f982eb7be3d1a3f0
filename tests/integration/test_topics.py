"""What a topic must be like, and what may go into it."""

from __future__ import annotations

import logging
import random

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from newswake.errors import MessageError, ServiceError
from newswake.kafka import client_config, ensure_topics
from producers.publisher import Publisher
from tests.conftest import Fresh

pytestmark = pytest.mark.integration


def test_a_topic_that_believes_its_senders_is_named(fresh: Fresh, caplog: pytest.LogCaptureFixture) -> None:
    kafka = fresh.settings.kafka
    claimed = NewTopic(kafka.posts_topic, num_partitions=1, config={"message.timestamp.type": "CreateTime"})
    admin = AdminClient(client_config(kafka))
    for future in admin.create_topics([claimed]).values():
        future.result(10)
    with caplog.at_level(logging.WARNING):
        ensure_topics(kafka)
    (said,) = [record.getMessage() for record in caplog.records]
    assert kafka.posts_topic in said
    assert "message.timestamp.type=LogAppendTime" in said


def test_nothing_is_said_of_topics_of_ours(fresh: Fresh, caplog: pytest.LogCaptureFixture) -> None:
    ensure_topics(fresh.settings.kafka)
    with caplog.at_level(logging.WARNING):
        ensure_topics(fresh.settings.kafka)
    assert caplog.records == []


def test_more_bytes_than_a_message_may_have_are_refused_and_the_next_one_arrives(fresh: Fresh) -> None:
    kafka = fresh.settings.kafka.model_copy(update={"max_message_bytes": 10_000})
    ensure_topics(kafka)
    publisher = Publisher(kafka)
    with pytest.raises(MessageError, match=r"20,000 bytes.*kafka\.max_message_bytes"):
        publisher.publish_bytes(kafka.posts_topic, b"1", b"x" * 20_000)
    publisher.publish_bytes(kafka.posts_topic, b"1", b"x" * 5_000)
    publisher.flush()
    # A topic that takes less than the setting says so itself.
    publisher = Publisher(fresh.settings.kafka)
    publisher.publish_bytes(kafka.posts_topic, b"1", random.Random(1).randbytes(20_000))
    with pytest.raises(ServiceError, match="too large"):
        publisher.flush()
