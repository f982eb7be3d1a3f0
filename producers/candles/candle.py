"""One closed minute, and how the exchanges' rows become one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from newswake.messages import MINUTE_MS

# Columns of a Binance kline that ccxt's unified row drops.
TRADES_COLUMN, TAKER_BUY_VOLUME_COLUMN = 8, 9
MAX_TRADES = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Candle:
    """`open_time` is epoch milliseconds; `trades` and `taker_buy_volume` are None where the exchange gives none."""

    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int | None = None
    taker_buy_volume: float | None = None
    filled: bool = False

    @property
    def end(self) -> int:
        """The millisecond at which the minute is over."""
        return self.open_time + MINUTE_MS


def parse_rows(rows: Iterable[object]) -> tuple[list[Candle], int]:
    """The usable rows as candles, oldest first, each minute once (the last row of a minute wins); how many were not.

    A row is `[open_time ms, open, high, low, close, volume]`, or a Binance kline of twelve columns. A row that
    cannot be a minute (nulls, a price that is not positive, a high below its low) counts as a minute that the
    exchange did not give. Trades and taker-buy volume that cannot be are None: the stream would refuse the whole page
    for them, and the minute has its price.
    """
    candles: dict[int, Candle] = {}
    refused = 0
    for row in rows:
        candle = _parse(row)
        if candle is None:
            refused += 1
        else:
            candles[candle.open_time] = candle
    return [candles[time] for time in sorted(candles)], refused


def _parse(row: object) -> Candle | None:
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) < 6:
        return None
    raw = len(row) > TAKER_BUY_VOLUME_COLUMN
    try:
        open_time = int(row[0])
        first, high, low, last, volume = (float(row[column]) for column in range(1, 6))
        trades = int(row[TRADES_COLUMN]) if raw else None
        taker_buy_volume = float(row[TAKER_BUY_VOLUME_COLUMN]) if raw else None
    except (TypeError, ValueError, OverflowError):
        return None
    usable = (
        open_time > 0
        and open_time % MINUTE_MS == 0
        and all(math.isfinite(price) and price > 0 for price in (first, high, low, last))
        and math.isfinite(volume)
        and volume >= 0
        and high >= low
    )
    if trades is not None and not 0 <= trades <= MAX_TRADES:
        trades = None
    if taker_buy_volume is not None and not 0 <= taker_buy_volume < math.inf:  # nor NaN
        taker_buy_volume = None
    return Candle(open_time, first, high, low, last, volume, trades, taker_buy_volume) if usable else None
