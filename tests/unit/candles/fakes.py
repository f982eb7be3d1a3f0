"""An exchange on 127.0.0.1 that speaks Binance's three endpoints, a source without any net, and what they need."""

from __future__ import annotations

import json
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from newswake.clock import ManualClock, to_ms
from newswake.messages import CandlePage
from producers.candles.candle import Candle
from producers.candles.following import Wanted
from producers.candles.market import Market

MINUTE = 60_000
NOON = to_ms(datetime(2025, 1, 6, 12, tzinfo=UTC))


@dataclass
class Answer:
    """A prepared answer; `promised_bytes` is a Content-Length that is not kept, `after` an event to wait for."""

    status: int = 200
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    promised_bytes: int | None = None
    after: threading.Event | None = None


class FakeBinance(ThreadingHTTPServer):
    """`now_ms` is its clock, `klines` its rows by symbol; `answers` are given first, one a request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.now_ms = NOON
        self.symbols: list[tuple[str, str, str]] = [("BTC", "USDT", "TRADING"), ("ETH", "USDT", "TRADING")]
        self.klines: dict[str, list[list[object]]] = {}
        self.answers: deque[Answer] = deque()
        self.asked: list[str] = []

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that did not wait is no error of ours
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/v3"

    def answer(self, path: str, query: dict[str, str]) -> Answer:
        self.asked.append(path.rpartition("/")[2])
        if self.answers:
            return self.answers.popleft()
        if path.endswith("/time"):
            return Answer(body=json.dumps({"serverTime": self.now_ms}))
        if path.endswith("/exchangeInfo"):
            return Answer(body=json.dumps({"symbols": [_symbol(*symbol) for symbol in self.symbols]}))
        if query["symbol"] not in self.klines:
            return Answer(400, json.dumps({"code": -1121, "msg": "Invalid symbol."}))
        start, end = int(query["startTime"]), int(query["endTime"])
        rows = [row for row in self.klines[query["symbol"]] if start <= int(str(row[0])) <= end]
        return Answer(body=json.dumps(rows[: int(query["limit"])]))


class _Handler(BaseHTTPRequestHandler):
    server: FakeBinance

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        answer = self.server.answer(url.path, {key: values[0] for key, values in parse_qs(url.query).items()})
        if answer.after is not None:
            answer.after.wait(30)
        body = answer.body.encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(answer.promised_bytes or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the test's own report is enough."""


def _symbol(base: str, quote: str, status: str) -> dict[str, object]:
    return {
        "symbol": base + quote,
        "status": status,
        "baseAsset": base,
        "quoteAsset": quote,
        "isSpotTradingAllowed": True,
        "permissions": ["SPOT"],
        "filters": [],
    }


def make_kline(open_time: int, close: float = 100.0, volume: float = 2.0, trades: int = 3) -> list[object]:
    """A row as Binance sends it: prices as strings, twelve columns."""
    price = f"{close:.8f}"
    return [open_time, price, price, price, price, f"{volume:.8f}", open_time + 59_999, "1.0", trades, "0.5", "50", "0"]


def make_candle(open_time: int, close: float = 100.0, volume: float = 2.0, trades: int | None = 3) -> Candle:
    return Candle(open_time, close, close, close, close, volume, trades, volume / 2)


class ListSource:
    """A `CandleSource` whose minutes are lists; `fail` is called before every answer and may raise."""

    name = "binance"

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.rows: dict[str, list[Candle]] = {}
        self.homeless: set[str] = set()
        self.asked: list[tuple[str, int, int]] = []
        self.fail: Callable[[str], None] = lambda coin: None

    def now_ms(self) -> int:
        self.fail("time")
        return to_ms(self.clock.now())

    def markets(self, coins: Sequence[str]) -> dict[str, Market | None]:
        self.fail("markets")
        return {coin: None if coin in self.homeless else Market(coin, "USDT") for coin in coins}

    def candles(self, market: Market, start: int, end: int) -> list[Candle]:
        self.asked.append((market.coin, start, end))
        self.fail(market.coin)
        return [row for row in self.rows.get(market.coin, []) if start <= row.open_time < end]


class ListPublisher:
    """Keeps the pages, and None wherever it was flushed after a page."""

    def __init__(self) -> None:
        self.sent: list[CandlePage | None] = []

    @property
    def pages(self) -> list[CandlePage]:
        return [page for page in self.sent if page is not None]

    def minutes(self, coin: str) -> list[int]:
        return [time for page in self.pages if page.symbol == coin for time in page.open_time]

    def publish(self, topic: str, message: CandlePage) -> None:
        assert topic == "Binance"
        self.sent.append(message)

    def flush(self) -> None:
        if self.sent and self.sent[-1] is not None:
            self.sent.append(None)


class Listed:
    """A `Following` that answers at once, and keeps what it was told."""

    def __init__(self, coins: Sequence[str], wishes: Iterable[str] = ()) -> None:
        self.now = Wanted(tuple(coins), frozenset(wishes))
        self.markets: dict[str, str | None] = {}
        self.reasons: dict[str, str | None] = {}
        self.begun: dict[str, datetime] = {}
        self.complete: list[str] = []

    def wish(self, coin: str) -> None:
        self.now = Wanted((*self.now.coins, coin), self.now.wishes | {coin})

    def drop(self, coin: str) -> None:
        self.now = Wanted(tuple(one for one in self.now.coins if one != coin), self.now.wishes - {coin})

    def wanted(self) -> Wanted:
        return self.now

    def found(self, coin: str, market: str | None, reason: str | None) -> None:
        self.markets[coin], self.reasons[coin] = market, reason
        if coin in self.now.wishes and market is None:
            self.drop(coin)
        self.now = Wanted(self.now.coins, self.now.wishes - {coin})

    def began(self, coin: str, at: datetime) -> None:
        self.begun[coin] = at

    def caught_up(self, coin: str) -> None:
        if coin not in self.complete:
            self.complete.append(coin)
