"""The local services as their users meet them: they answer, keep strangers out, and are found again."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from newswake.kafka import client_config, ensure_topics
from newswake.settings_sources import read_env_file
from producers.publisher import Publisher
from scripts import report
from scripts import services as local_services
from tests.conftest import Fresh, Services

pytestmark = pytest.mark.integration


@pytest.fixture
def consumer(fresh: Fresh) -> Iterator[Consumer]:
    consumer = Consumer({**client_config(fresh.settings.kafka), "group.id": "t", "auto.offset.reset": "earliest"})
    yield consumer
    consumer.close()


def test_a_message_goes_through_the_broker(fresh: Fresh, consumer: Consumer) -> None:
    ensure_topics(fresh.settings.kafka)
    topic = fresh.settings.kafka.posts_topic
    with Publisher(fresh.settings.kafka) as publisher:
        publisher.publish_bytes(topic, b"1", b"{}")
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(2)])
    message = consumer.poll(20.0)
    assert message is not None and message.error() is None
    assert (message.key(), message.value()) == (b"1", b"{}")


def test_the_database_wants_a_password(services: Services) -> None:
    address = f"mongodb://127.0.0.1:{services.settings.local.mongo_port}/"
    with MongoClient[dict[str, object]](address) as stranger, pytest.raises(OperationFailure):
        stranger["newswake"]["posts"].find_one()


def test_the_database_has_change_streams(fresh: Fresh) -> None:
    with MongoClient[dict[str, object]](fresh.settings.mongo.uri.get_secret_value()) as client:
        table = client[fresh.settings.mongo.database]["posts"]
        with table.watch(max_await_time_ms=200) as stream:
            table.insert_one({"_id": "1"})
            assert next(stream)["operationType"] == "insert"


def test_the_report_counts_what_is_in_the_tables(fresh: Fresh) -> None:
    with MongoClient[dict[str, object]](fresh.settings.mongo.uri.get_secret_value(), tz_aware=True) as client:
        database = client[fresh.settings.mongo.database]
        assert report.count(database) == report.Counts()
        times = [datetime(2025, 1, 1, hour, tzinfo=UTC) for hour in (5, 7, 6)]
        database["candles"].insert_many([{"open_time": time} for time in times])
        database["post_prices"].insert_many([{"price_status": s} for s in ("exact", "filled", "missing", "exact")])
        assert report.count(database) == report.Counts(candles=3, priced=3, missing=1, newest_candle=times[1])


def test_only_the_owner_reads_the_addresses(services: Services) -> None:
    file = services.home / "services.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_env_file(file) == {
        "NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS": services.bootstrap_servers,
        "NEWSWAKE_MONGO__URI": services.mongo_uri,
    }


def test_services_that_run_are_used(services: Services) -> None:
    said: list[str] = []
    again = local_services.start({**os.environ, **services.environ}, say=said.append)
    assert again == services.settings
    assert said == []


def test_no_listener_beyond_this_machine(services: Services) -> None:
    local = services.settings.local
    ports = {local.kafka_port, local.kafka_controller_port, local.mongo_port}
    tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table]
    hosts = {row[1].rpartition(":")[0] for row in rows if row[3] == "0A" and int(row[1][-4:], 16) in ports}
    # The JVM binds 127.0.0.1 as an IPv4 address inside IPv6.
    assert hosts <= {"0100007F", "0000000000000000FFFF00000100007F"}
    assert hosts
