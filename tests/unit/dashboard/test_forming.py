"""The open minute is shown as the exchange has it, asked seldom, and never stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import ccxt
import pytest

from dashboard.forming import KEEP_SECONDS, MOST_COINS, PAUSE_SECONDS, OpenMinutes
from newswake.clock import from_ms
from newswake.settings import Candles

MINUTE = 60_000
CLOSED = 1_700_000_040_000


class Exchange:
    """Answers with the minute that closed last and the open one; counts how often it is asked."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def fetch_ohlcv(self, symbol: str, interval: str, limit: int) -> Any:
        self.asked.append(symbol)
        return self.answer()


def rows() -> list[list[float]]:
    return [[CLOSED - MINUTE, 1, 2, 0.5, 1.5, 10], [CLOSED, 1.5, 3, 1.5, 2.5, 4]]


def made(exchange: Exchange) -> tuple[OpenMinutes, list[float]]:
    now = [100.0]
    return OpenMinutes(Candles(), make=lambda market: exchange, clock=lambda: now[0]), now


def test_only_what_is_not_stored_yet() -> None:
    minutes, _ = made(exchange := Exchange(rows))
    (bar,) = asyncio.run(minutes.after("BTC", from_ms(CLOSED)))
    assert (bar.time, bar.close, bar.volume, bar.forming) == (CLOSED, 2.5, 4.0, True)
    assert exchange.asked == ["BTC/USDT"]


def test_many_readers_are_one_question() -> None:
    minutes, now = made(exchange := Exchange(rows))

    async def ask_twice() -> list[int]:
        asked = []
        for _ in range(2):
            await asyncio.gather(*(minutes.after("BTC", from_ms(CLOSED)) for _ in range(50)))
            asked.append(len(exchange.asked))
            now[0] += KEEP_SECONDS
        return asked

    assert asyncio.run(ask_twice()) == [1, 2]


@pytest.mark.parametrize("body", [None, [[None] * 6], [["x"]], [[]], {}])
def test_an_answer_that_is_none_pauses_the_questions(body: Any) -> None:
    minutes, now = made(exchange := Exchange(lambda: body))
    for _ in range(5):
        assert asyncio.run(minutes.after("BTC", from_ms(CLOSED))) == ()
        now[0] += KEEP_SECONDS
    assert len(exchange.asked) == 1
    now[0] += PAUSE_SECONDS
    asyncio.run(minutes.after("BTC", from_ms(CLOSED)))
    assert len(exchange.asked) == 2


def test_a_coin_that_it_does_not_have_holds_up_no_other() -> None:
    def refuse() -> Any:
        raise ccxt.BadSymbol("no such market")

    exchange = Exchange(refuse)
    minutes, _ = made(exchange)
    assert asyncio.run(minutes.after("NOSUCH", from_ms(CLOSED))) == ()
    exchange.answer = rows
    assert len(asyncio.run(minutes.after("BTC", from_ms(CLOSED)))) == 1


def test_no_more_coins_than_an_exchange_bears() -> None:
    minutes, _ = made(exchange := Exchange(rows))
    for number in range(MOST_COINS + 5):
        asyncio.run(minutes.after(f"C{number}", from_ms(CLOSED)))
    assert len(exchange.asked) == MOST_COINS
