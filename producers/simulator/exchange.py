"""The exchange's endpoints that ccxt asks, in the shapes of Binance's spot API."""

from __future__ import annotations

from decimal import Decimal

from newswake.messages import MINUTE_MS
from producers.simulator.http import Request, Response, json_response
from producers.simulator.world import Block, Market, Pair

MAX_ROWS, DEFAULT_ROWS = 1000, 500
PRECISION = 8


class Exchange:
    """Answers below `/api/v3`. Candles end with the minute that is still open, as the real ones do."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._pairs = {pair.symbol: pair for pair in market.pairs}

    def answer(self, path: str, request: Request, now: int) -> Response | None:
        """The answer for a path below `/api/v3`; None for an unknown one."""
        if path == "/ping":
            return json_response({})
        if path == "/time":
            return json_response({"serverTime": now})
        if path == "/exchangeInfo":
            return json_response(self._information(now))
        if path == "/klines":
            return self._klines(request, now)
        return None

    def _information(self, now: int) -> dict[str, object]:
        return {
            "timezone": "UTC",
            "serverTime": now,
            "rateLimits": [
                {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
                {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61000},
            ],
            "exchangeFilters": [],
            "symbols": [_market_entry(pair) for pair in self._market.pairs],
        }

    def _klines(self, request: Request, now: int) -> Response:
        pair = self._pairs.get(request.query.get("symbol", ""))
        if pair is None:
            return json_response({"code": -1121, "msg": "Invalid symbol."}, 400)
        if request.query.get("interval") != "1m":
            return json_response({"code": -1120, "msg": "Invalid interval."}, 400)
        try:
            limit = int(request.query.get("limit", DEFAULT_ROWS))
            start = int(request.query["startTime"]) if "startTime" in request.query else None
            end = int(request.query.get("endTime", now))
        except ValueError:
            return json_response({"code": -1100, "msg": "Illegal characters found in a parameter."}, 400)
        if limit < 1:
            return json_response({"code": -1128, "msg": "Combination of optional parameters invalid."}, 400)
        last = min(end, now) // MINUTE_MS * MINUTE_MS
        rows: list[list[object]] = []
        for block in self._blocks(pair, start, last, min(limit, MAX_ROWS)):
            rows.extend(kline_rows(block, now))
        return json_response(rows, headers={"X-MBX-USED-WEIGHT-1M": "1"})

    def _blocks(self, pair: Pair, start: int | None, last: int, limit: int) -> list[Block]:
        """Up to `limit` candles: the first ones from `start` on, or without it the last ones before `last`."""
        blocks: list[Block] = []
        wanted, span = limit, limit * MINUTE_MS
        if start is not None:
            first = max(-(-start // MINUTE_MS) * MINUTE_MS, self._market.first)
            while wanted > 0 and first <= last:
                found = self._market.block(pair, first, min(last, first + span - MINUTE_MS)).rows(slice(0, wanted))
                wanted -= len(found)
                blocks.append(found)
                first += span
            return blocks
        while wanted > 0 and last >= self._market.first:
            found = self._market.block(pair, last - span + MINUTE_MS, last)
            found = found.rows(slice(max(0, len(found) - wanted), None))
            wanted -= len(found)
            blocks.insert(0, found)
            last -= span
        return blocks


def _market_entry(pair: Pair) -> dict[str, object]:
    step = "0.00000001"
    return {
        "symbol": pair.symbol,
        "status": "TRADING",
        "baseAsset": pair.base,
        "baseAssetPrecision": PRECISION,
        "quoteAsset": pair.quote,
        "quotePrecision": PRECISION,
        "quoteAssetPrecision": PRECISION,
        "baseCommissionPrecision": PRECISION,
        "quoteCommissionPrecision": PRECISION,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": step, "maxPrice": "1000000.00000000", "tickSize": step},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "9000000000.00000000", "stepSize": step},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True, "avgPriceMins": 5},
        ],
        "permissions": ["SPOT"],
        "permissionSets": [["SPOT"]],
    }


def kline_rows(block: Block, now: int) -> list[list[object]]:
    """The twelve recorded columns a candle; the minute that holds `now` stands as far as it has come."""
    rows: list[list[object]] = []
    for time, open_, high, low, close, volume, trades, taker in zip(
        *(column.tolist() for column in block.columns()), strict=True
    ):
        if time + MINUTE_MS > now:
            part = (now - time) / MINUTE_MS
            close = round(open_ + (close - open_) * part, PRECISION)
            high = max(open_, close, round(open_ + (high - open_) * part, PRECISION))
            low = min(open_, close, round(open_ + (low - open_) * part, PRECISION))
            volume, taker, trades = round(volume * part, PRECISION), round(taker * part, PRECISION), int(trades * part)
        middle = (open_ + close) / 2
        rows.append(
            [
                time, decimal(open_), decimal(high), decimal(low), decimal(close), decimal(volume),
                time + MINUTE_MS - 1, f"{volume * middle:.8f}", trades, decimal(taker), f"{taker * middle:.8f}", "0",
            ]
        )  # fmt: skip
    return rows


def decimal(value: float) -> str:
    """A number with eight decimals, as the exchange writes it; with more where eight would change it.

    >>> decimal(98454.22), decimal(0.0000000012)
    ('98454.22000000', '0.0000000012')
    """
    text = f"{value:.{PRECISION}f}"
    return text if float(text) == value else f"{Decimal(repr(value)):f}"
