"""Whether a candle message is acceptable, judged in plain Python from the contract, without our code."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise
from typing import Any, NoReturn

from tests.spark.avro_judge import Unsure, decoded
from tests.spark.frames import ARRIVED_MS, MINUTE_MS, TOLERANCE_SECONDS

LATEST_MS = ARRIVED_MS + TOLERANCE_SECONDS * 1000
EARLIEST_MS = 1_262_304_000_000
INT64 = range(-(2**63), 2**63)
AVRO = b"\xc3\x01"
PLAIN = re.compile(r"[^\s{}\[\]\":/]{1,32}", re.ASCII)
PRICES = ("open", "high", "low", "close")
KINDS = {"open_time": int, "trades": int, "filled": bool} | dict.fromkeys(
    (*PRICES, "volume", "taker_buy_volume"), float
)


def strict_json(value: bytes | None) -> Any:
    """The one JSON document in `value`. Raises ValueError for whatever is not exactly one."""
    if value is None:
        raise ValueError("tombstone")
    try:
        document = json.loads(
            value.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_refuse, parse_int=_whole
        )
    except RecursionError:
        raise ValueError("too deep") from None
    _check_texts(document)
    return document


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _whole(digits: str) -> int:
    if len(digits) > 1_000:
        raise ValueError("too long a number")
    return int(digits)


def _check_texts(value: Any) -> None:
    """No NUL and no lone surrogate in any text, keys included."""
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("NUL")
        value.encode()  # UnicodeEncodeError, which is a ValueError, for half a pair
    for inner in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_texts(inner)


def accepts(value: bytes | None, key: bytes | None) -> bool | None:
    """Whether a message of the candles topic that came at ARRIVED is to be accepted; None where that is open."""
    try:
        if value is not None and value.startswith(AVRO):
            body = decoded(value)
            _check_texts(body)
        else:
            body = strict_json(value)
    except ValueError:
        return False
    except Unsure:
        return None
    if not isinstance(body, dict) or not _typed(body):
        return False
    if body.get("symbol") is None and body.get("open_time") is None:
        return _is_envelope(body)
    return _agrees(key, str(body.get("symbol"))) and _is_page(body)


def _agrees(key: bytes | None, symbol: str) -> bool:
    try:
        return key is None or key.decode("utf-8").upper() == symbol.upper()
    except UnicodeDecodeError:
        return False


def _typed(body: dict[str, Any]) -> bool:
    """The fields that have a type, where they are there, have it."""
    seen_at = body.get("seen_at")
    if seen_at is not None and not _is(int, seen_at):
        return False
    return all(
        isinstance(column, list) and all(value is None or _is(KINDS[name], value) for value in column)
        for name in KINDS
        if (column := body.get(name)) is not None
    )


def _is(kind: type, value: Any) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and value in INT64
    return isinstance(value, int | float)


def _is_page(body: dict[str, Any]) -> bool:
    names = [body.get(name) for name in ("symbol", "quote", "exchange")]
    if not all(isinstance(name, str) and PLAIN.fullmatch(name) for name in names):
        return False
    times, seen_at = body.get("open_time"), body.get("seen_at")
    if body.get("interval") not in (None, "1m") or not times or len(times) > 1_500:
        return False
    if seen_at is not None and not EARLIEST_MS <= seen_at <= LATEST_MS:
        return False
    columns = {name: body.get(name) for name in KINDS if name not in ("trades", "taker_buy_volume", "filled")}
    columns |= {name: body[name] for name in ("trades", "taker_buy_volume", "filled") if body.get(name) is not None}
    if any(column is None or len(column) != len(times) for column in columns.values()):
        return False
    sparse = ("trades", "taker_buy_volume")
    if any(None in column for name, column in columns.items() if name not in sparse):
        return False
    return (
        all(EARLIEST_MS <= time <= LATEST_MS - MINUTE_MS and time % MINUTE_MS == 0 for time in times)
        and all(earlier < later for earlier, later in pairwise(times))
        and all(0 < _double(price) < math.inf for name in PRICES for price in columns[name])
        and all(high >= low for high, low in zip(columns["high"], columns["low"], strict=True))
        and all(0 <= _double(volume) < math.inf for volume in columns["volume"])
        and all(value is None or 0 <= _double(value) < math.inf for name in sparse for value in columns.get(name, ()))
    )


def _is_envelope(body: dict[str, Any]) -> bool:
    """`{"id": 0, "BTC": [[ms, o, h, l, c, v], …], …}`: every coin's rows make a good page."""
    coins = {name: rows for name, rows in body.items() if name != "id"}
    return bool(coins) and all(_is_coin(name.strip(" "), rows) for name, rows in coins.items())


def _is_coin(symbol: str, rows: Any) -> bool:
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) >= 6 for row in rows):
        return False
    if not all(_is(float, value) for row in rows for value in row):
        return False
    if any(_double(row[0]) % 1 for row in rows if math.isfinite(_double(row[0]))):
        return False
    if not all(math.isfinite(_double(row[0])) for row in rows):
        return False
    ordered = sorted(rows, key=lambda row: row[0])
    columns = dict(zip(("open_time", *PRICES, "volume"), map(list, zip(*ordered, strict=False)), strict=False))
    columns["open_time"] = [int(time) for time in columns.get("open_time", ())]
    return _is_page({"symbol": symbol, "quote": "USDT", "exchange": "binance", **columns})


def _double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
