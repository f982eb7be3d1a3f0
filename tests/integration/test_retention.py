"""Messages that retention deleted before they were read: said, and gone on behind, only when a person wants it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from pyspark.errors import StreamingQueryException

from newswake.errors import ServiceError
from newswake.kafka import client_config
from newswake.settings import Kafka
from streaming.lost import Lost, sentence
from streaming.sinks import batch
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES
from tests.worlds.messages import publish
from tests.worlds.oracle import Difference, difference, expected, final_watermark
from tests.worlds.world import HOUR, Observed, PostItem, World, at, beats, hours_of, in_order

pytestmark = pytest.mark.integration

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)


def delete_before(kafka: Kafka, topic: str, offset: int) -> None:
    """As retention does it: the oldest messages of the only partition."""
    admin = AdminClient(client_config(kafka))
    for future in admin.delete_records([TopicPartition(topic, 0, offset)]).values():
        assert future.result(10).low_watermark == offset


def one_partition_each(pipeline: Pipeline) -> None:
    kafka = pipeline.settings.kafka.model_copy(update={"posts_partitions": 1, "candles_partitions": 1})
    pipeline.settings = pipeline.settings.model_copy(update={"kafka": kafka})


def posts_of(hours: Sequence[int]) -> list[PostItem]:
    return [Observed(at(hour, 7), f"{hour}", at(hour, 7), ("BTC",)) for hour in hours]


@pytest.mark.spark
def test_what_is_gone_is_named_and_the_rest_is_right(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    one_partition_each(pipeline)
    kafka = pipeline.settings.kafka
    first = World(in_order(posts_of(range(1, 10)), beats(at(0), at(10), HOUR)), tuple(hours_of("BTC", at(0), 10)))
    publish(pipeline.settings, first)
    pipeline.once()
    second = World(in_order(posts_of(range(11, 40)), beats(at(11), at(40), HOUR)), tuple(hours_of("BTC", at(10), 30)))
    publish(pipeline.settings, second)
    read_posts, read_candles = len(first.posts), len(first.candles)
    delete_before(kafka, kafka.posts_topic, read_posts + 12)
    delete_before(kafka, kafka.candles_topic, read_candles + 5)

    versions = pipeline.versions()
    with pytest.raises(ServiceError) as refused:
        pipeline.once()
    said = str(refused.value)
    assert "\n" not in said
    for part in (
        f"{kafka.posts_topic} partition 0, offsets {read_posts} to {read_posts + 11} (posts, post_prices, dead",
        f"{kafka.candles_topic} partition 0, offsets {read_candles} to {read_candles + 4} (candles, post_prices",
        "NEWSWAKE_STREAMING__GO_ON_AFTER_LOSS=true",
        "kafka.retention_hours",
    ):
        assert part in said
    assert pipeline.versions() == versions, "something was written"

    with caplog.at_level(logging.WARNING):
        pipeline.once(go_on_after_loss=True)
    assert f"offsets {read_posts} to {read_posts + 11}" in caplog.text
    left = World((*first.posts, *second.posts[12:]), (*first.candles, *second.candles[5:]))
    until = final_watermark(left, HORIZONS, LATENESS_MINUTES)
    wanted = expected(left, HORIZONS, until)
    for rows in (pipeline.table("post_prices"), pipeline.prices_in_mongo()):
        assert difference(rows, wanted) == Difference()
    # What was lost is behind it: the next start needs no setting, and finds the clocks of both topics.
    more = World((*posts_of([41]), *beats(at(41), at(50), HOUR)), tuple(hours_of("BTC", at(40), 10)))
    publish(pipeline.settings, more)
    pipeline.once()
    whole = World((*left.posts, *more.posts), (*left.candles, *more.candles))
    wanted = expected(whole, HORIZONS, final_watermark(whole, HORIZONS, LATENESS_MINUTES))
    assert difference(pipeline.table("post_prices"), wanted) == Difference()


@pytest.mark.long
@pytest.mark.spark
def test_a_start_after_all_that_was_read_is_gone_loses_nothing(pipeline: Pipeline) -> None:
    """Retention took what told the clocks of the topics; nothing that was not read."""
    one_partition_each(pipeline)
    kafka = pipeline.settings.kafka
    first = World(in_order(posts_of(range(1, 10)), beats(at(0), at(10), HOUR)), tuple(hours_of("BTC", at(0), 10)))
    publish(pipeline.settings, first)
    pipeline.once()
    delete_before(kafka, kafka.posts_topic, len(first.posts))
    delete_before(kafka, kafka.candles_topic, len(first.candles))
    second = World(in_order(posts_of(range(11, 40)), beats(at(11), at(40), HOUR)), tuple(hours_of("BTC", at(10), 30)))
    publish(pipeline.settings, second)
    pipeline.once()
    whole = World((*first.posts, *second.posts), (*first.candles, *second.candles))
    wanted = expected(whole, HORIZONS, final_watermark(whole, HORIZONS, LATENESS_MINUTES))
    assert difference(pipeline.table("post_prices"), wanted) == Difference()


@pytest.mark.spark
def test_a_first_batch_that_failed_and_is_gone_is_named(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was ever committed, but the batch was planned: its replay would need what is gone."""
    one_partition_each(pipeline)
    publish(pipeline.settings, World((), tuple(hours_of("BTC", at(0), 10))))

    def fail(*arguments: object, **options: object) -> None:
        raise ConnectionError("the sink is down")

    with monkeypatch.context() as patch, pytest.raises(StreamingQueryException):
        patch.setattr(batch, "write_batch", fail)
        pipeline.once(["candles"])
    delete_before(pipeline.settings.kafka, pipeline.settings.kafka.candles_topic, 4)
    with pytest.raises(ServiceError, match=r"offsets 0 to 3 \(candles\)"):
        pipeline.once(["candles"])
    pipeline.once(["candles"], go_on_after_loss=True)
    assert pipeline.table("candles").height == 6 * 60


@pytest.mark.spark
def test_a_topic_that_was_made_anew_is_named(pipeline: Pipeline) -> None:
    one_partition_each(pipeline)
    kafka = pipeline.settings.kafka
    publish(pipeline.settings, World(in_order(beats(at(0), at(10), HOUR)), tuple(hours_of("BTC", at(0), 10))))
    pipeline.once(["candles"])
    admin = AdminClient(client_config(kafka))
    for future in admin.delete_topics([kafka.candles_topic]).values():
        future.result(10)
    publish(pipeline.settings, World((), tuple(hours_of("BTC", at(0), 2))))
    with pytest.raises(ServiceError, match=r"has been made anew: .* ends at offset 2, and 10 were read") as refused:
        pipeline.once(["candles"], go_on_after_loss=True)
    assert kafka.candles_topic in str(refused.value)


def test_the_same_messages_are_named_once() -> None:
    lost = Lost("Binance", 1, 1_000, 2_000)
    assert sentence({"candles": [lost], "post_prices": [lost], "posts": []}) == (
        "Binance partition 1, offsets 1,000 to 1,999 (candles, post_prices)"
    )
