"""Messages of the candles topic, good and malformed, each with what has to become of it."""

from __future__ import annotations

from typing import Any

from tests.spark.frames import ARRIVED_MS, HOUR_MS, MINUTE_MS, Case, as_json, without

# Two closed minutes, some time before the messages came.
OPEN = ARRIVED_MS // HOUR_MS * HOUR_MS - HOUR_MS + 20 * MINUTE_MS


def page(count: int = 2, start: int = OPEN, **changes: Any) -> dict[str, Any]:
    """A valid page of `count` minutes, with the changes."""
    body: dict[str, Any] = {
        "symbol": "BTC",
        "quote": "USDT",
        "exchange": "binance",
        "interval": "1m",
        "seen_at": ARRIVED_MS - 1_000,
        "open_time": [start + place * MINUTE_MS for place in range(count)],
        "open": [100.0 + place for place in range(count)],
        "high": [110.0 + place for place in range(count)],
        "low": [90.0 + place for place in range(count)],
        "close": [105.5 + place for place in range(count)],
        "volume": [1.5] * count,
    }
    return body | changes


def _text(old: str, new: str) -> bytes:
    """The valid page with a piece of its text replaced."""
    text = as_json(page()).decode()
    assert old in text
    return text.replace(old, new, 1).encode()


def _within(time: int) -> list[int]:
    """Three times over the span of three minutes, the middle one given."""
    return [OPEN, time, OPEN + 2 * MINUTE_MS]


PAGE = as_json(page())
FULL = page(trades=[10, None], taker_buy_volume=[0.5, None], filled=[False, True])
ENVELOPE = {
    "id": 0,
    "BTC": [[OPEN + MINUTE_MS, 2, 3, 1, 2.5, 8], [OPEN, 1, 2, 1, 1.5, 7]],
    "ETH": [[OPEN, 10, 20, 10, 15, 0]],
}

GOOD: list[tuple[Case, int]] = [
    (Case("page", PAGE), 2),
    (Case("page with its key", PAGE, key=b"BTC"), 2),
    (Case("page with optional columns", as_json(FULL)), 2),
    (Case("page that crosses an hour", as_json(page(60, OPEN + 30 * MINUTE_MS - HOUR_MS))), 60),
    (Case("page without seen_at", as_json(without(page(), "seen_at"))), 2),
    (Case("page without interval", as_json(without(page(), "interval"))), 2),
    (Case("page with a gap", as_json(page(open_time=[OPEN, OPEN + 9 * MINUTE_MS]))), 2),
    (Case("page with unknown fields", as_json(page(venue={"open_time": ["x"]}, _corrupt_record="no"))), 2),
    (Case("page with blanks around it", b" \n" + PAGE + b"\n "), 2),
    (Case("page with whole numbers as prices", as_json(page(open=[100, 101], volume=[0, 0]))), 2),
    (Case("symbol in lower case", as_json(page(symbol="btc")), key=b"btc"), 2),
    (Case("symbol in lower case under its key in upper case", as_json(page(symbol="btc")), key=b"BTC"), 2),
    (Case("code of digits, as text", as_json(page(symbol="888")), key=b"888"), 2),
    (Case("code beyond ASCII", as_json(page(symbol="币安")), key="币安".encode()), 2),
    (Case("escaped backslash before u0000", as_json(page(note="a\\u0000 and \\ud800"))), 2),
    (Case("valid surrogate pair", _text('"binance"', '"binance", "note": "\\ud83d\\ude00"')), 2),
    (Case("old envelope", as_json(ENVELOPE)), 3),
    (Case("old envelope in lower case", as_json({name.lower(): rows for name, rows in ENVELOPE.items()})), 3),
    (Case("page of the present minute's close", as_json(page(1, ARRIVED_MS // MINUTE_MS * MINUTE_MS))), 1),
]

NOT_JSON = "not a JSON object"
LENGTH = "differ in length"
DOCUMENTS = "more than one JSON document"
EMPTY = "has an empty element"

BAD: list[Case] = [
    Case("tombstone", None, "tombstone", key=b"BTC"),
    Case("no bytes", b"", "empty"),
    Case("blanks", b"   ", "empty"),
    Case("line breaks", b"\n\t\n", NOT_JSON),
    Case("garbage", b"\x01hello", NOT_JSON),
    Case("cut off", PAGE[:-9], NOT_JSON),
    Case("text after it", PAGE + b" x", DOCUMENTS),
    Case("closing brace after it", PAGE + b"}", DOCUMENTS),
    Case("comma after it", PAGE + b",", DOCUMENTS),
    Case("two objects", PAGE + b"\n" + PAGE, DOCUMENTS),
    Case("two objects with a comma", PAGE + b"," + PAGE, DOCUMENTS),
    Case("array closed and opened", PAGE + b"],[" + PAGE, DOCUMENTS),
    Case("number after a comma", PAGE + b", 1", DOCUMENTS),
    Case("repeated key", _text('"symbol": "BTC"', '"symbol": "BTC", "symbol": "ETH"'), DOCUMENTS),
    Case("repeated key below", _text('"quote"', '"x": {"a": 1, "a": 2}, "quote"'), DOCUMENTS),
    Case("root array", b"[" + PAGE + b"]", NOT_JSON),
    Case("root text", b'"BTC"', NOT_JSON),
    Case("root number", b"12", NOT_JSON),
    Case("root null", b"null", NOT_JSON),
    Case("byte order mark", b"\xef\xbb\xbf" + PAGE, NOT_JSON),
    Case("UTF-16", PAGE.decode().encode("utf-16"), "UTF-8"),
    Case("invalid UTF-8", _text('"binance"', '"binance", "x": "~"').replace(b"~", b"\xff"), "UTF-8"),
    Case("overlong UTF-8", _text('"binance"', '"binance", "x": "~"').replace(b"~", b"\xc0\xaf"), "UTF-8"),
    Case("surrogate in UTF-8", _text('"binance"', '"binance", "x": "~"').replace(b"~", b"\xed\xa0\x80"), "UTF-8"),
    Case("raw NUL", _text('"binance"', '"bin\x00ance"'), NOT_JSON),
    Case("NUL after it", PAGE + b"\x00", DOCUMENTS),
    Case("escaped NUL", _text('"binance"', '"bin\\u0000ance"'), "NUL"),
    Case("escaped NUL behind a backslash", _text('"binance"', '"binance", "x": "\\\\\\u0000"'), "NUL"),
    Case("lone high surrogate", _text('"binance"', '"binance", "x": "\\ud83d!"'), "surrogate"),
    Case("lone low surrogate", _text('"binance"', '"binance", "x": "\\uDE00"'), "surrogate"),
    Case("surrogates the wrong way round", _text('"binance"', '"binance", "x": "\\ude00\\ud83d"'), "surrogate"),
    Case("deep nesting", _text('"binance"', '"binance", "x": ' + "[" * 3_000 + "]" * 3_000), NOT_JSON),
    Case("number of 1,200 digits", _text("105.5", "1" * 1_200), NOT_JSON),
    Case("NaN", _text("105.5", "NaN"), NOT_JSON),
    Case("NaN as text", _text("105.5", '"NaN"'), NOT_JSON),
    Case("Infinity", _text("105.5", "Infinity"), NOT_JSON),
    Case("minus infinity", _text("105.5", "-Infinity"), NOT_JSON),
    Case("1e400 as a price", _text("105.5", "1e400"), "close is not a price"),
    Case("1e400 as a volume", as_json(page()).replace(b"1.5,", b"1e400,"), "volume"),
    Case("1e400 as taker_buy_volume", as_json(FULL).replace(b"[0.5, null]", b"[1e400, 1]"), "taker_buy_volume"),
    Case("number as text", _text("105.5", '"105.5"'), NOT_JSON),
    Case("time as text", _text(str(OPEN), f'"{OPEN}"'), NOT_JSON),
    Case("time as a fraction", _text(str(OPEN), f"{OPEN}.5"), NOT_JSON),
    Case("time beyond 64 bits", _text(str(OPEN), "9" * 30), NOT_JSON),
    Case("time as 1e30", _text(str(OPEN), "1e30"), NOT_JSON),
    Case("empty price", as_json(page(close=[1.0, None])), EMPTY),
    Case("empty time", as_json(page(open_time=[OPEN, None])), EMPTY),
    Case("empty volume", as_json(page(volume=[None, 1.0])), EMPTY),
    Case("empty filled", as_json(page(filled=[None, True])), EMPTY),
    Case("empty price beside the one that is looked for", as_json(page(close=[-1.0, None])), "close is not a price"),
    Case("empty time beside the one that is looked for", as_json(page(open_time=[-1, None])), "not on a minute"),
    Case("shorter column", as_json(page(close=[105.0])), LENGTH),
    Case("longer column", as_json(page(high=[110.0, 111.0, 112.0])), LENGTH),
    Case("shorter optional column", as_json(page(trades=[1])), LENGTH),
    Case("absent column", as_json(without(page(), "low")), LENGTH),
    Case("no candles", as_json(page(0)), "no candles"),
    Case("absent times", as_json(without(page(), "open_time")), "no candles"),
    Case("too many candles", as_json(page(1_501, OPEN - 1_600 * MINUTE_MS)), "more than"),
    Case("column that is no array", as_json(page(close=105.0)), NOT_JSON),
    Case("off the minute", as_json(page(start=OPEN + 1)), "not on a minute"),
    Case("off the minute between", as_json(page(3, open_time=_within(OPEN + MINUTE_MS + 1))), "not on a minute"),
    Case("same minute twice, the span being whole", as_json(page(3, open_time=_within(OPEN))), "do not rise"),
    Case("same minute twice", as_json(page(open_time=[OPEN, OPEN])), "do not rise"),
    Case("falling times", as_json(page(open_time=[OPEN + MINUTE_MS, OPEN])), "do not rise"),
    Case("before 2010", as_json(page(start=1_262_304_000_000 - MINUTE_MS)), "before 2010"),
    Case("seconds instead of milliseconds", as_json(page(start=OPEN // 60_000_000 * 60_000)), "before 2010"),
    Case("negative time", as_json(page(start=-MINUTE_MS)), "before 2010"),
    Case("in the future", as_json(page(start=ARRIVED_MS // MINUTE_MS * MINUTE_MS + 5 * MINUTE_MS)), "in the future"),
    Case("largest time", as_json(page(open_time=[OPEN, (2**63 - 1) // MINUTE_MS * MINUTE_MS])), "in the future"),
    Case("smallest time", as_json(page(open_time=[-(2**63) // MINUTE_MS * MINUTE_MS + MINUTE_MS, OPEN])), "2010"),
    Case("largest seen_at", as_json(page(seen_at=2**63 - 1)), "seen_at lies in the future"),
    Case("seen in the future", as_json(page(seen_at=ARRIVED_MS + 301_000)), "seen_at lies in the future"),
    Case("seen before 2010", as_json(page(seen_at=5)), "seen_at lies before 2010"),
    Case("another key", PAGE, "key is not the symbol", key=b"ETH"),
    Case(
        "key that is no text where the symbol is a mark of replacement",
        as_json(page(symbol="\ufffd")),
        "key is not the symbol",
        key=b"\xff",
    ),
    Case("key with a blank", PAGE, "key is not the symbol", key=b"BTC "),
    Case("key that is no text", PAGE, "key is not the symbol", key=b"\xff\x00"),
    Case("symbol as an object", as_json(page(symbol={"code": "BTC"})), "not a plain code"),
    Case("symbol as an array", as_json(page(symbol=["BTC"])), "not a plain code"),
    Case("symbol as a number", as_json(page(symbol=888)), "not text", key=b"888"),
    Case("symbol as a truth", as_json(page(symbol=True)), "not text", key=b"true"),
    Case("symbol null", as_json(page(symbol=None)), "no symbol"),
    Case("symbol empty", as_json(page(symbol="")), "not a plain code"),
    Case("symbol a pair", as_json(page(symbol="BTC/USDT")), "not a plain code"),
    Case("symbol with a line break", as_json(page(symbol="BTC\n")), "not a plain code"),
    Case("symbol too long", as_json(page(symbol="B" * 33)), "not a plain code"),
    Case("quote absent", as_json(without(page(), "quote")), "quote"),
    Case("quote with a colon", as_json(page(quote="USDT:1m")), "quote"),
    Case("quote as a number", as_json(page(quote=1)), "not text"),
    Case("exchange empty", as_json(page(exchange="")), "exchange"),
    Case("exchange as an object", as_json(page(exchange={"id": "binance"})), "exchange"),
    Case("another interval", as_json(page(interval="5m")), "interval"),
    Case("high below low", as_json(page(high=[80.0, 111.0])), "high is below its low"),
    Case("price of zero", as_json(page(low=[0.0, 90.0])), "low is not a price"),
    Case("negative price", as_json(page(open=[-1.0, 100.0])), "open is not a price"),
    Case("price below what a double holds", _text("105.5", "1e-400"), "close is not a price"),
    Case("negative volume", as_json(page(volume=[-1.0, 1.0])), "volume"),
    Case("negative trades", as_json(page(trades=[-1, 1])), "trades"),
    Case("object of nothing", b"{}", "no symbol"),
    Case("envelope of nothing", b'{"id": 0}', "no symbol"),
    Case("envelope with a number as text", as_json({"id": 0, "BTC": [[OPEN, "1", 2, 1, 1.5, 7]]}), "no candles"),
    Case("envelope with a coin twice", b'{"BTC": [[1, 1, 1, 1, 1, 1]], "BTC": [[1, 1, 1, 1, 1, 1]]}', DOCUMENTS),
    Case("envelope with a time beyond all", as_json({"BTC": [[1e30, 1, 2, 1, 1.5, 7]]}), EMPTY),
    Case("envelope with an infinite time", b'{"BTC": [[1e400, 1, 2, 1, 1.5, 7]]}', EMPTY),
    Case("envelope with a short row", as_json({"id": 0, "BTC": [[OPEN, 1, 2, 1]]}), EMPTY),
    Case("envelope with a fraction of a time", as_json({"id": 0, "BTC": [[OPEN + 0.5, 1, 2, 1, 1.5, 7]]}), EMPTY),
    Case("envelope with one bad coin", as_json(ENVELOPE | {"XRP": [[OPEN + 1, 1, 2, 1, 1.5, 7]]}), "not on a minute"),
    Case("envelope with a coin that is text", as_json({"id": 0, "BTC": "none"}), "no candles"),
    Case("envelope in the future", as_json({"BTC": [[OPEN + 48 * HOUR_MS, 1, 2, 1, 1.5, 7]]}), "in the future"),
]
