"""The last pages, from a topic that anybody may have written to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson
from hypothesis import given
from hypothesis import strategies as st

from producers.candles.candle import Candle
from producers.candles.market import Market
from producers.candles.pages import to_pages
from producers.candles.resume import last_pages, tail_of
from tests.unit.candles.fakes import MINUTE, NOON, make_candle

GARBAGE = [None, b"", b"{", b"\xff\x00", b"[]", b"7", b'{"id": 0, "BTC": [[1, 2, 3, 4, 5, 6]]}', b'{"symbol": "BTC"}']


def page_bytes(coin: str, *open_times: int, exchange: str = "binance", avro: bool = False) -> bytes:
    candles = [make_candle(time) for time in open_times]
    page = to_pages(Market(coin, "USDT"), exchange, NOON, candles)[0]
    return page.to_avro() if avro else page.to_json()


@dataclass
class ListTopic:
    """Partitions as lists; `lows` are first offsets that are not 0."""

    partitions: list[list[bytes | None]]
    lows: list[int] = field(default_factory=list)
    read: list[tuple[int, int, int]] = field(default_factory=list)

    def bounds(self) -> dict[int, tuple[int, int]]:
        lows = self.lows or [0] * len(self.partitions)
        return {at: (lows[at], lows[at] + len(values)) for at, values in enumerate(self.partitions)}

    def values(self, partition: int, start: int, end: int) -> Iterable[bytes | None]:
        low, high = self.bounds()[partition]
        assert low <= start <= end <= high
        self.read.append((partition, start, end))
        return self.partitions[partition][start - low : end - low]


def last_minutes(topic: ListTopic, *coins: str, **limits: int) -> dict[str, int]:
    found = last_pages(topic, coins, NOON, **limits)
    return {coin: page.open_time[-1] for coin, page in found.items()}


def test_an_empty_topic() -> None:
    assert last_minutes(ListTopic([[], []]), "BTC") == {}


def test_the_newest_page_of_each_coin_over_all_partitions() -> None:
    topic = ListTopic(
        [
            [page_bytes("BTC", NOON - 9 * MINUTE), page_bytes("ETH", NOON - 5 * MINUTE)],
            [page_bytes("BTC", NOON - 4 * MINUTE, NOON - 3 * MINUTE), page_bytes("BTC", NOON - 7 * MINUTE)],
        ]
    )
    assert last_minutes(topic, "BTC", "ETH") == {"BTC": NOON - 3 * MINUTE, "ETH": NOON - 5 * MINUTE}


def test_pages_in_both_forms_are_read() -> None:
    newer, older = page_bytes("BTC", NOON - 5 * MINUTE, avro=True), page_bytes("BTC", NOON - 6 * MINUTE)
    assert last_minutes(ListTopic([[newer, older], [newer[:-1], newer + b"x"]]), "BTC") == {"BTC": NOON - 5 * MINUTE}


def test_garbage_is_skipped() -> None:
    topic = ListTopic([[*GARBAGE, page_bytes("BTC", NOON - 5 * MINUTE), *GARBAGE]])
    assert last_minutes(topic, "BTC") == {"BTC": NOON - 5 * MINUTE}


def test_a_page_from_the_future_does_not_silence_a_coin() -> None:
    topic = ListTopic([[page_bytes("BTC", NOON - 5 * MINUTE), page_bytes("BTC", NOON), page_bytes("BTC", 10 * NOON)]])
    assert last_minutes(topic, "BTC") == {"BTC": NOON - 5 * MINUTE}
    assert last_minutes(ListTopic([[page_bytes("BTC", NOON - MINUTE)]]), "BTC") == {"BTC": NOON - MINUTE}


def test_coins_that_are_not_followed_are_left_out() -> None:
    assert last_minutes(ListTopic([[page_bytes("DOGE", NOON - MINUTE)]]), "BTC") == {}


def test_reading_goes_back_only_as_far_as_needed() -> None:
    quiet = page_bytes("XRP", NOON - 90 * MINUTE)
    live = [page_bytes("BTC", NOON - n * MINUTE) for n in range(59, 0, -1)]
    topic = ListTopic([[page_bytes("BTC", NOON - 100 * MINUTE)] * 100 + [quiet] + live], lows=[1000])
    assert last_minutes(topic, "BTC", "XRP", first_block=10) == {"BTC": NOON - MINUTE, "XRP": NOON - 90 * MINUTE}
    assert topic.read == [(0, 1150, 1160), (0, 1110, 1150), (0, 1000, 1110)]


def test_reading_ends_at_the_bound() -> None:
    topic = ListTopic([[page_bytes("XRP", NOON - MINUTE)] + [page_bytes("BTC", NOON - MINUTE)] * 200])
    assert last_minutes(topic, "BTC", "XRP", first_block=10, most_messages=100) == {"BTC": NOON - MINUTE}
    assert sum(end - start for _, start, end in topic.read) == 100


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 500), st.integers(0, 2)), max_size=60))
def test_any_order_of_pages(rows: list[tuple[str, int, int]]) -> None:
    partitions: list[list[bytes | None]] = [[], [], []]
    newest: dict[str, int] = {}
    for coin, minutes_ago, partition in rows:
        partitions[partition].append(page_bytes(coin, NOON - minutes_ago * MINUTE))
        newest[coin] = max(newest.get(coin, 0), NOON - minutes_ago * MINUTE)
    # One more coin than there is: everything is read.
    assert last_minutes(ListTopic(partitions), "A", "B", "C", "D", first_block=3) == newest


def test_the_tail_of_a_page() -> None:
    candles = [make_candle(NOON), *(Candle(NOON + n * MINUTE, 2, 2, 2, 2, 0, 0, 0.0, True) for n in (1, 2))]
    tail = tail_of(to_pages(Market("BTC", "USDT"), "binance", NOON, candles)[0])
    assert (tail.candle, tail.carried) == (candles[-1], 2)


def test_the_tail_of_a_page_with_the_least_columns() -> None:
    page = last_pages(ListTopic([[page_bytes("BTC", NOON - MINUTE)]]), ["BTC"], NOON)["BTC"]
    body = orjson.loads(page.to_json())
    for name in ("trades", "taker_buy_volume", "filled"):
        del body[name]
    tail = tail_of(last_pages(ListTopic([[orjson.dumps(body)]]), ["BTC"], NOON)["BTC"])
    assert (tail.candle.trades, tail.candle.filled, tail.carried) == (None, False, 0)
