"""From candles to messages: minutes without trades carried forward, then one page for each hour (pure)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from newswake.messages import HOUR_MS, MINUTE_MS, CandlePage
from producers.candles.candle import Candle
from producers.candles.market import Market


@dataclass(frozen=True)
class Tail:
    """The end of what a coin has: its last candle, and how many carried minutes in a row end with it."""

    candle: Candle
    carried: int = 0


def carry(tail: Tail | None, rows: Sequence[Candle], max_filled: int) -> tuple[list[Candle], Tail | None]:
    """The candles after `tail`, with the minutes without trades marked `filled`, and the new tail.

    Two kinds of minute are `filled`. One that the exchange gives with volume 0, no trades and all prices equal to
    the close before it: it is kept as it is, however many there are. And one that the exchange leaves out: it is
    added here with that close, volume 0 and trades 0. It is added only when a later closed minute stands in the
    answer: then it has been over for a minute at least and the exchange has gone past it, so that a minute which is
    merely late is not invented. Minutes are added only where at most `max_filled` in a row are carried, the
    exchange's own included; a longer gap stays a gap, whole.

    `rows` rise in time; those that `tail` already covers are left out.
    """
    candles: list[Candle] = []
    for row in rows:
        if tail is not None and row.open_time <= tail.candle.open_time:
            continue
        added = [*_absent(tail, row, max_filled), row] if tail is not None else [row]
        for candle in added:
            tail = _extended(tail, candle)
            candles.append(tail.candle)
    return candles, tail


def to_pages(market: Market, exchange: str, seen_at: int, candles: Sequence[Candle]) -> list[CandlePage]:
    """One page for each UTC hour in which `candles` (rising in time) has any, oldest first.

    `seen_at` is epoch milliseconds. A column that the exchange does not give is left out.
    """
    hours = itertools.groupby(candles, key=lambda candle: candle.open_time // HOUR_MS)
    return [_page(market, exchange, seen_at, list(group)) for _, group in hours]


def _absent(tail: Tail, row: Candle, max_filled: int) -> Iterator[Candle]:
    """The minutes between `tail` and `row`, carried forward, where they are few enough."""
    last = tail.candle
    times = range(last.end, row.open_time, MINUTE_MS)
    if tail.carried + len(times) > max_filled:
        return
    trades = None if last.trades is None else 0
    taker_buy_volume = None if last.taker_buy_volume is None else 0.0
    for time in times:
        yield Candle(time, last.close, last.close, last.close, last.close, 0.0, trades, taker_buy_volume, True)


def _extended(tail: Tail | None, candle: Candle) -> Tail:
    if tail is None or not (candle.filled or _is_quiet(candle, tail.candle.close)):
        return Tail(candle)
    follows = candle.open_time == tail.candle.end
    return Tail(replace(candle, filled=True), tail.carried + 1 if follows else 1)


def _is_quiet(candle: Candle, close_before: float) -> bool:
    flat = candle.open == candle.high == candle.low == candle.close == close_before
    return flat and candle.volume == 0 and not candle.trades


def _page(market: Market, exchange: str, seen_at: int, candles: Sequence[Candle]) -> CandlePage:
    trades = tuple(candle.trades for candle in candles)
    taker_buy_volume = tuple(candle.taker_buy_volume for candle in candles)
    return CandlePage(
        symbol=market.coin,
        quote=market.quote,
        exchange=exchange,
        seen_at=seen_at,
        open_time=tuple(candle.open_time for candle in candles),
        open=tuple(candle.open for candle in candles),
        high=tuple(candle.high for candle in candles),
        low=tuple(candle.low for candle in candles),
        close=tuple(candle.close for candle in candles),
        volume=tuple(candle.volume for candle in candles),
        trades=None if all(count is None for count in trades) else trades,
        taker_buy_volume=None if all(part is None for part in taker_buy_volume) else taker_buy_volume,
        filled=tuple(candle.filled for candle in candles),
    )
