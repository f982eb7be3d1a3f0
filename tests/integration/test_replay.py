"""The replay against a real broker: everything arrives, twice the same, and nothing older after it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from newswake.clock import from_ms
from newswake.errors import RecordingError
from newswake.home import mark_home, read_mark
from newswake.kafka import client_config
from newswake.offsets import bounds
from producers.generator.month import make_month
from producers.recordings.held import refuse_older
from tests.conftest import ROOT, Fresh

pytestmark = pytest.mark.integration


def replay(fresh: Fresh, folder: Path) -> subprocess.CompletedProcess[str]:
    files = ["--candles", str(folder / "candles.parquet"), "--posts", str(folder / "posts.parquet")]
    return subprocess.run(
        [sys.executable, "-m", "producers", "replay", *files],
        cwd=ROOT, env={**os.environ, **fresh.environ}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def held(fresh: Fresh, topic: str) -> list[tuple[bytes | None, bytes | None]]:
    """Keys and values of a topic, partition after partition."""
    consumer = Consumer({**client_config(fresh.settings.kafka), "group.id": "test", "enable.auto.commit": False})
    found = []
    for partition, (_, high) in bounds(consumer, topic, 10).items():
        consumer.assign([TopicPartition(topic, partition, 0)])
        for _ in range(high):
            message = consumer.poll(10)
            assert message is not None and not message.error()
            found.append((message.key(), message.value()))
    consumer.close()
    return found


def test_a_recording_is_told_again_but_no_older_one_after_it(fresh: Fresh, tmp_path: Path) -> None:
    kafka = fresh.settings.kafka
    newer = make_month(3, datetime(2025, 3, 3, tzinfo=UTC), days=1)
    newer.write(tmp_path / "newer")
    make_month(3, datetime(2025, 3, 1, tzinfo=UTC), days=1).write(tmp_path / "older")

    first = replay(fresh, tmp_path / "newer")
    assert first.returncode == 0, first.stderr
    once = {topic: held(fresh, topic) for topic in (kafka.posts_topic, kafka.candles_topic)}
    assert replay(fresh, tmp_path / "newer").returncode == 0
    for topic, messages in once.items():
        assert sorted(held(fresh, topic)) == sorted(messages * 2)

    garbage = Producer(client_config(kafka))
    for value in (b"", b"{", b"[" * 5000, b'{"open_time":[4000000000000]}', b'{"published_at":"2099-01-01T00:00:00Z"}'):
        garbage.produce(kafka.candles_topic, key=b"BTC", value=value)
        garbage.produce(kafka.posts_topic, key=b"1", value=value)
    garbage.flush(10)
    refused = replay(fresh, tmp_path / "older")
    assert refused.returncode == 2
    assert "already holds candles up to 2025-03-04T00:00:00Z" in refused.stderr and "Traceback" not in refused.stderr
    refuse_older(kafka, from_ms(newer.end))
    with pytest.raises(RecordingError, match="already holds candles"):
        refuse_older(kafka, from_ms(newer.end - 1), posts=False)


def test_without_topics_nothing_is_held(fresh: Fresh) -> None:
    refuse_older(fresh.settings.kafka, datetime(2001, 1, 1, tzinfo=UTC))


def test_a_home_of_live_rows_takes_no_recording(fresh: Fresh, tmp_path: Path) -> None:
    mark_home(fresh.home, "live")
    make_month(3, datetime(2025, 3, 3, tzinfo=UTC), days=1).write(tmp_path / "month")
    refused = replay(fresh, tmp_path / "month")
    assert refused.returncode == 2
    assert "holds what came from the source `live`" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert read_mark(fresh.home) == "live"
