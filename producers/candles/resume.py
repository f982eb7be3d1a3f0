"""Where a restart goes on: the last page of each coin, read from the end of the topic backwards."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from newswake.avro_page import body_of
from newswake.messages import MINUTE_MS, CandlePage
from producers.candles.candle import Candle
from producers.candles.pages import Tail

# At the usual pace (one page a coin and minute) the first block holds every coin's last page.
FIRST_BLOCK = 500
MOST_MESSAGES = 64_000


class TopicEnd(Protocol):
    """A topic that can be read in pieces. Both methods raise `ServiceError` when the broker does not answer."""

    def bounds(self) -> dict[int, tuple[int, int]]:
        """For each partition its first offset and the offset after its last message."""
        ...

    def values(self, partition: int, start: int, end: int) -> Iterable[bytes | None]:
        """The values of the messages with offsets in `[start, end)`."""
        ...


def last_pages(
    topic: TopicEnd,
    coins: Collection[str],
    now_ms: int,
    first_block: int = FIRST_BLOCK,
    most_messages: int = MOST_MESSAGES,
) -> dict[str, CandlePage]:
    """The newest page of each of `coins`; a coin is absent when it has none in the last messages of the topic.

    Every partition is read backwards in blocks of growing size, until all coins are found or `most_messages` of
    each partition were read. The newest page is the one with the newest minute, wherever it stands. What is no
    page of ours is skipped, and so is a page whose minutes are not over by the exchange's clock, `now_ms`: it would
    keep a coin silent until then.
    """
    found: dict[str, CandlePage] = {}
    bounds = topic.bounds()
    floors = {partition: max(low, high - most_messages) for partition, (low, high) in bounds.items()}
    ends = {partition: high for partition, (_, high) in bounds.items()}
    block = first_block
    while any(ends[partition] > floors[partition] for partition in ends) and not found.keys() >= set(coins):
        for partition, end in ends.items():
            start = max(floors[partition], end - block)
            for value in topic.values(partition, start, end):
                _keep_newest(found, value, coins, now_ms)
            ends[partition] = start
        block *= 4
    return found


def tail_of(page: CandlePage) -> Tail:
    """The last candle of a page, and the carried minutes that end with it, as far as the page tells."""
    carried = 0
    for filled in reversed(page.filled or ()):
        if not filled:
            break
        carried += 1
    candle = Candle(
        page.open_time[-1],
        page.open[-1],
        page.high[-1],
        page.low[-1],
        page.close[-1],
        page.volume[-1],
        page.trades[-1] if page.trades else None,
        page.taker_buy_volume[-1] if page.taker_buy_volume else None,
        bool(page.filled and page.filled[-1]),
    )
    return Tail(candle, carried)


def _keep_newest(found: dict[str, CandlePage], value: bytes | None, coins: Collection[str], now_ms: int) -> None:
    try:
        page = CandlePage.model_validate(body_of(value))
    except ValueError:  # pydantic's, too
        return  # the streaming application sends it to the dead letters; here it is merely no page
    if page.symbol not in coins or page.open_time[-1] + MINUTE_MS > now_ms:
        return
    last = found.get(page.symbol)
    if last is None or page.open_time[-1] >= last.open_time[-1]:
        found[page.symbol] = page
