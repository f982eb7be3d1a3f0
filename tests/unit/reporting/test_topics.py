"""How far behind a query is, against a broker that is a dictionary."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from newswake.health.inputs import TopicState
from streaming.reporting.topics import Ends, Place
from tests.unit.health.builders import AT, report


class Shelf:
    """A broker: by topic and partition, the event time of each message (None: it tells none)."""

    def __init__(self, **topics: list[list[datetime | None]]) -> None:
        self.topics = topics
        self.asked: set[Place] = set()

    def ends(self, topic: str) -> dict[int, int]:
        return {number: len(messages) for number, messages in enumerate(self.topics[topic])}

    def times(self, places: Iterable[Place]) -> dict[Place, datetime | None]:
        wanted = set(places)
        self.asked |= wanted
        return {
            (topic, partition, offset): self.topics[topic][partition][offset] for topic, partition, offset in wanted
        }


def minutes(*numbers: int) -> list[datetime | None]:
    return [AT + timedelta(minutes=number) for number in numbers]


def test_a_query_that_has_read_everything_is_not_behind_and_costs_no_look() -> None:
    shelf = Shelf(Binance=[minutes(1, 2), minutes(3)])
    topics, behind = Ends(shelf, ["Binance"]).look({"candles": report(read_to={"Binance": {"0": 2, "1": 1}})})
    assert topics == (TopicState("Binance", 3, AT + timedelta(minutes=3)),)
    assert (behind["candles"].messages, behind["candles"].seconds) == ({"Binance": 0}, {"Binance": 0.0})
    assert shelf.asked == {("Binance", 0, 1), ("Binance", 1, 0)}, "only the ends were looked at"


def test_behind_is_the_time_between_the_newest_message_and_the_newest_that_was_read() -> None:
    shelf = Shelf(Binance=[minutes(1, 2, 3, 9), minutes(1, 4)], CryptoPanic=[minutes(5)])
    reports = {
        "candles": report(read_to={"Binance": {"0": 2, "1": 2}}),
        "post_prices": report(read_to={"Binance": {"0": 4, "1": 0}, "CryptoPanic": {"0": 1}}),
    }
    _, behind = Ends(shelf, ["Binance", "CryptoPanic"]).look(reports)
    assert (behind["candles"].messages, behind["candles"].seconds) == ({"Binance": 2}, {"Binance": 300.0})
    # It has the newest message, but not all of the other partition.
    assert behind["post_prices"].messages == {"Binance": 2, "CryptoPanic": 0}
    assert behind["post_prices"].seconds == {"Binance": 0.0, "CryptoPanic": 0.0}


def test_a_partition_that_the_query_does_not_know_counts_whole_and_an_unknown_time_is_not_zero() -> None:
    shelf = Shelf(Binance=[[None, None], minutes(1)])
    _, behind = Ends(shelf, ["Binance"]).look({"candles": report(read_to={"Binance": {"0": 1}})})
    assert (behind["candles"].messages, behind["candles"].seconds) == ({"Binance": 2}, {})


def test_an_empty_topic_has_no_time() -> None:
    topics, behind = Ends(Shelf(Binance=[[]]), ["Binance"]).look({"candles": report(read_to={"Binance": {"0": 0}})})
    assert topics == (TopicState("Binance", 0, None),)
    assert behind["candles"].seconds == {"Binance": 0.0}
