"""The form in which a publisher writes."""

from __future__ import annotations

from typing import Literal

import pytest

from newswake.errors import MessageError
from newswake.messages import CandlePage, Heartbeat
from newswake.settings import Kafka
from producers.publisher import Publisher
from tests.unit.newswake.test_avro_page import PAGE

TOO_LARGE = 2**63


class Kept(Publisher):
    """Keeps what would go to the broker."""

    def __init__(self, candles_format: Literal["json", "avro"]) -> None:
        super().__init__(Kafka(candles_format=candles_format))
        self.values: list[bytes] = []

    def publish_bytes(self, topic: str, key: bytes, value: bytes) -> None:
        self.values.append(value)


def test_pages_are_written_as_the_setting_says_and_all_else_in_json() -> None:
    page, beat = CandlePage.model_validate(PAGE), Heartbeat(heartbeat=1, source="rss")
    json, avro = Kept("json"), Kept("avro")
    for publisher in (json, avro):
        publisher.publish("topic", page)
        publisher.publish("topic", beat)
    assert json.values == [page.to_json(), beat.to_json()]
    assert avro.values == [page.to_avro(), beat.to_json()]


def test_a_page_that_avro_cannot_hold_is_said_to_be_one() -> None:
    page = CandlePage.model_validate({**PAGE, "trades": [TOO_LARGE, None]})
    with pytest.raises(MessageError, match="BTC cannot be written in Avro"):
        Kept("avro").publish("topic", page)
