"""An exchange through ccxt. Its answers are judged before ccxt reads them, because ccxt lets some bad ones pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import ccxt
import requests

from newswake.ccxt_client import make_client
from newswake.clock import Clock, to_ms
from newswake.errors import SourceRefusal, SourceRetry
from newswake.messages import MINUTE_MS
from newswake.settings import Candles
from producers.candles.answers import judge, sent_at
from producers.candles.candle import Candle, parse_rows
from producers.candles.market import Market, choose_market
from producers.candles.source import MarketTrouble

MOST_ROWS = 1000


class CcxtExchange:
    """A `CandleSource`. Nothing is asked before the first call.

    Raises `SettingsError` when ccxt does not know the exchange or it gives no one-minute candles.
    """

    def __init__(self, settings: Candles, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._client: Any = make_client(settings)
        self._client.on_rest_response = self._on_answer
        self._sent_at_ms = 0
        self._probe: Market | None = None

    @property
    def name(self) -> str:
        return self._settings.exchange

    def now_ms(self) -> int:
        """The exchange's time endpoint; where it has none, the later of the Date of an answer and the last row."""
        if self._client.has.get("fetchTime") is True:
            with self._errors():
                return self._whole(self._client.fetch_time(), "no time")
        if self._probe is None:
            raise SourceRetry(f"{self.name} has no market of ours from which its clock could be read")
        with self._errors():
            rows, _ = parse_rows(self._rows(self._client.fetch_ohlcv(self._probe.symbol, "1m", None, 2)))
        return max([self._sent_at_ms, *(row.open_time for row in rows)])

    def markets(self, coins: Sequence[str]) -> dict[str, Market | None]:
        with self._errors():
            listed: Mapping[str, Mapping[str, Any]] = self._client.load_markets(True)
        traded = {
            symbol for symbol, market in listed.items() if market.get("spot") and market.get("active") is not False
        }
        if not traded:
            raise SourceRetry(f"{self.name} lists no market at all")
        chosen = {coin: choose_market(coin, self._settings.quote, traded) for coin in coins}
        self._probe = next((market for market in chosen.values() if market), None)
        return chosen

    def candles(self, market: Market, start: int, end: int) -> list[Candle]:
        most = min(MOST_ROWS, self._client.feature_value(market.symbol, "fetchOHLCV", "limit") or MOST_ROWS)
        found: dict[int, Candle] = {}
        while start < end:
            rows, refused = parse_rows(self._ask(market, start, end, most))
            if refused and not rows:
                raise SourceRetry(f"{self.name} gives rows for {market.symbol} that are no candles")
            inside = [row for row in rows if start <= row.open_time < end]
            found.update((row.open_time, row) for row in inside)
            # Without rows, the part that one request covers is empty; a later part may not be.
            start = inside[-1].end if inside else start + most * MINUTE_MS
            if rows and rows[-1].open_time >= end:
                break
        return [found[time] for time in sorted(found)]

    def _ask(self, market: Market, start: int, end: int, most: int) -> list[object]:
        limit = min(most, (end - start) // MINUTE_MS)
        with self._errors(market):
            if isinstance(self._client, ccxt.binance):  # the raw rows also have trades and taker-buy volume
                return self._rows(
                    self._client.publicGetKlines(
                        {
                            "symbol": self._client.market(market.symbol)["id"],
                            "interval": "1m",
                            "startTime": start,
                            "endTime": end - 1,
                            "limit": limit,
                        }
                    )
                )
            # One row more: some exchanges count from the minute before.
            return self._rows(self._client.fetch_ohlcv(market.symbol, "1m", start, min(most, limit + 1)))

    def _on_answer(
        self, code: int, reason: str, url: str, method: str, headers: Mapping[str, str], body: str, *request: object
    ) -> str:
        """ccxt's hook for every answer, before it is parsed and before ccxt maps its status to an error."""
        sent = sent_at(headers)
        self._sent_at_ms = to_ms(sent) if sent else 0
        judge(self.name, code, headers, body, self._clock.now())
        return body.strip()

    def _rows(self, answer: object) -> list[object]:
        if not isinstance(answer, list):
            raise SourceRetry(f"{self.name} answers with something else than rows")
        return answer

    def _whole(self, value: object, otherwise: str) -> int:
        if not isinstance(value, int) or value <= 0:
            raise SourceRetry(f"{self.name} answers with {otherwise}")
        return value

    @contextmanager
    def _errors(self, market: Market | None = None) -> Iterator[None]:
        """ccxt's errors as ours. Their texts hold addresses and whole bodies, so only their kind is told."""
        try:
            yield
        except ccxt.BadSymbol as error:
            raise MarketTrouble(f"{self.name} does not know {market.symbol if market else 'a market'}") from error
        except (ccxt.AuthenticationError, ccxt.PermissionDenied) as error:
            raise SourceRefusal(f"{self.name} refuses us ({type(error).__name__})") from error
        except ccxt.RequestTimeout as error:
            limit = f"{self._settings.timeout_seconds:g} s (setting candles.timeout_seconds)"
            raise SourceRetry(f"{self.name} did not answer within {limit}") from error
        except ccxt.NetworkError as error:
            raise SourceRetry(f"{self.name} cannot be reached or broke off its answer ({_cause(error)})") from error
        except ccxt.BaseError as error:
            if isinstance(error.__cause__, requests.TooManyRedirects):
                raise SourceRetry(f"{self.name} redirects to another address, which is not followed") from error
            raise SourceRetry(f"{self.name} answers with an error ({_cause(error)})") from error
        except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
            # ccxt reads answers without checking their shape.
            raise SourceRetry(f"{self.name} answers in a shape that is not its own ({type(error).__name__})") from error


def _cause(error: BaseException) -> str:
    return type(error.__cause__ or error).__name__
