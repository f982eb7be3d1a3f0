"""Messages of the posts topic, good and malformed, each with what has to become of it."""

from __future__ import annotations

from typing import Any

from tests.spark.frames import ARRIVED_MS, Case, as_json, without

VOTES = dict(zip(("negative", "positive", "important", "liked", "disliked"), range(5), strict=True)) | {
    "lol": 5, "toxic": 6, "saved": 7, "comments": 8,
}  # fmt: skip


def post(**changes: Any) -> dict[str, Any]:
    """A valid observation with the changes."""
    body: dict[str, Any] = {
        "id": "20492911",
        "source": "cryptopanic",
        "kind": "news",
        "title": "Bitcoin loses support",
        "url": "https://news.example/1",
        "domain": "news.example",
        "published_at": "2025-01-06T11:00:30Z",
        "created_at": "2025-01-06T11:01:00Z",
        "seen_at": "2025-01-06T12:00:00Z",
        "hot": True,
        "currencies": [{"code": "BTC"}, {"code": "XRP"}],
        "votes": VOTES,
        "panic_score": 55,
    }
    return body | changes


BARE = {
    "kind": "news",
    "domain": "news.example",
    "votes": {"negative": 0, "positive": 1, "important": 0},
    "source": {"title": "News", "region": "en", "domain": "news.example", "path": None},
    "title": "An event",
    "published_at": "2025-01-06T11:15:00.212932Z",
    "slug": "An-event",
    "id": 14569142,
    "url": "https://news.example/2",
    "created_at": "2025-01-06T11:15:00.212932Z",
}


def tagged(*codes: str) -> dict[str, Any]:
    return post(currencies=[{"code": code} for code in codes])


def _text(old: str, new: str) -> bytes:
    text = as_json(post()).decode()
    assert old in text
    return text.replace(old, new, 1).encode()


POST = as_json(post())
MANY = tuple(f"C{number:02}" for number in range(89))

# Each with the codes that its row must have.
GOOD: list[tuple[Case, list[str]]] = [
    (Case("observation", POST, key=b"20492911"), ["BTC", "XRP"]),
    (Case("without a key", POST), ["BTC", "XRP"]),
    (Case("bare post", as_json(BARE), key=b"14569142"), []),
    (Case("currencies absent", as_json(without(post(), "currencies"))), []),
    (Case("currencies null", as_json(post(currencies=None))), []),
    (Case("currencies empty", as_json(post(currencies=[]))), []),
    (Case("codes with blanks", as_json(tagged("BTC ", " ETH", "\tXRP\n", "SOL\u00a0"))), ["BTC", "ETH", "XRP", "SOL"]),
    (Case("codes in lower case", as_json(tagged("btc", "stETH"))), ["BTC", "STETH"]),
    (Case("codes repeated", as_json(tagged("BTC", "ETH", "btc ", "BTC"))), ["BTC", "ETH"]),
    (Case("codes blank", as_json(tagged("", "  ", "BTC"))), ["BTC"]),
    (Case("odd codes", as_json(tagged("888", "$1", "USDT.e", "PUNK-ATTR-4", "G*", "MC_", "a/b"))),
     ["888", "$1", "USDT.E", "PUNK-ATTR-4", "G*", "MC_", "A/B"]),
    (Case("89 coins", as_json(tagged(*MANY))), list(MANY)),
    (Case("currencies of the API", as_json(post(currencies=[{"code": "NEO", "slug": "neo"}]))), ["NEO"]),
    (Case("votes null", as_json(post(votes=None))), ["BTC", "XRP"]),
    (Case("votes of three kinds", as_json(post(votes={"negative": 0, "positive": 4, "important": None}))),
     ["BTC", "XRP"]),
    (Case("hot unknown", as_json(post(hot=None))), ["BTC", "XRP"]),
    (Case("hot absent", as_json(without(post(), "hot"))), ["BTC", "XRP"]),
    (Case("only what must be there", as_json({"id": "x:1", "title": "", "published_at": "2025-01-06T11:00:00Z"})), []),
    (Case("another zone", as_json(post(published_at="2025-01-06T14:00:30+03:00"))), ["BTC", "XRP"]),
    (Case("source in upper case", as_json(post(source="CryptoPanic"))), ["BTC", "XRP"]),
    (Case("emoji as it is", as_json(post(title="😀 Bitcoin"))), ["BTC", "XRP"]),
    (Case("emoji escaped", _text("Bitcoin", "\\ud83d\\uDE00 Bitcoin")), ["BTC", "XRP"]),
    (Case("two emoji escaped", _text("Bitcoin", "\\ud83d\\ude00\\ud83d\\ude00")), ["BTC", "XRP"]),
    (Case("text that looks like an escape", as_json(post(title="C:\\u0000 and \\ud83d"))), ["BTC", "XRP"]),
    (Case("HTML in the title", as_json(post(title='<b onclick="x">up</b>'))), ["BTC", "XRP"]),
    (Case("unknown fields", as_json(post(panic={"a": [1, {"b": None}]}, slug="s", content=None))), ["BTC", "XRP"]),
    (Case("published shortly ahead", as_json(post(published_at="2025-01-06T12:04:00Z"))), ["BTC", "XRP"]),
    (Case("as long as may be", as_json(post(title="x" * 4_000))), ["BTC", "XRP"]),
]  # fmt: skip

HEARTBEATS: list[Case] = [
    Case("heartbeat", as_json({"heartbeat": ARRIVED_MS - 5, "source": "cryptopanic"}), key=b"heartbeat:cryptopanic"),
    Case("heartbeat without a source", as_json({"heartbeat": ARRIVED_MS - 7})),
]

NOT_JSON = "not a JSON object"
DOCUMENTS = "more than one JSON document"
NO_TIME = "is not an ISO-8601 time"

BAD: list[Case] = [
    Case("tombstone", None, "tombstone", key=b"1"),
    Case("no bytes", b"", "empty"),
    Case("blanks", b"  ", "empty"),
    Case("garbage", b"\xfe\xff", "UTF-8"),
    Case("cut off", POST[:-2], NOT_JSON),
    Case("text after it", POST + b"{", DOCUMENTS),
    Case("two objects", POST + POST, DOCUMENTS),
    Case("array closed and opened", POST + b"],[" + POST, DOCUMENTS),
    Case("repeated key", _text('"hot"', '"title": "again", "hot"'), DOCUMENTS),
    Case("repeated key in a currency", _text('{"code": "BTC"}', '{"code": "BTC", "code": "ETH"}'), DOCUMENTS),
    Case("root array", b"[" + POST + b"]", NOT_JSON),
    Case("byte order mark", b"\xef\xbb\xbf" + POST, NOT_JSON),
    Case("invalid UTF-8", POST.replace(b"Bitcoin", b"Bit\xc3coin"), "UTF-8"),
    Case("raw NUL", POST.replace(b"Bitcoin", b"Bit\x00coin"), NOT_JSON),
    Case("escaped NUL", _text("Bitcoin", "Bit\\u0000coin"), "NUL"),
    Case("lone surrogate", _text("Bitcoin", "\\ud83d coin"), "surrogate"),
    Case("pair and half a pair", _text("Bitcoin", "\\ud83d\\ude00\\ude00"), "surrogate"),
    Case("raw line break in a string", _text("Bitcoin", "Bit\ncoin"), NOT_JSON),
    Case("deep nesting", _text('"hot"', '"x": ' + '{"a":' * 2_000 + "1" + "}" * 2_000 + ', "hot"'), NOT_JSON),
    Case("NaN", _text("55", "NaN"), NOT_JSON),
    Case("1e400 as a score", _text("55", "1e400"), "panic_score is not finite"),
    Case("-1e400 as a score", _text("55", "-1e400"), "panic_score is not finite"),
    Case("score as text", _text("55", '"55"'), NOT_JSON),
    Case("votes as text", as_json(post(votes={"positive": "4"})), NOT_JSON),
    Case("votes as fractions", as_json(post(votes={"positive": 4.5})), NOT_JSON),
    Case("votes beyond 64 bits", as_json(post(votes={"positive": 2**64})), NOT_JSON),
    Case("negative votes", as_json(post(votes={"toxic": -1})), "toxic votes are negative"),
    Case("hot as text", as_json(post(hot="true")), NOT_JSON),
    Case("id absent", as_json(without(post(), "id")), "no id"),
    Case("id blank", as_json(post(id="  ")), "no id"),
    Case("id as an object", as_json(post(id={"a": 1})), "id is not"),
    Case("id as an array", as_json(post(id=[1])), "id is not"),
    Case("id too long", as_json(post(id="x" * 513)), "id is longer"),
    Case("another key", POST, "key is not the id", key=b"1"),
    Case("title absent", as_json(without(post(), "title")), "no title"),
    Case("title too long", as_json(post(title="x" * 4_001)), "title is longer"),
    Case("url too long", as_json(post(url="x" * 4_001)), "url is longer"),
    Case("source that is no name", as_json(post(source="a b")), "source is not"),
    Case("source with a line break", as_json(post(source="rss\n")), "source is not"),
    Case("source with a colon", as_json(post(source="a:b")), "source is not"),
    Case("source as an array", as_json(post(source=["a"])), "source is not"),
    Case("published_at absent", as_json(without(post(), "published_at")), "no published_at"),
    Case("published_at in words", as_json(post(published_at="yesterday")), NO_TIME),
    Case("published_at a time of day", as_json(post(published_at="11:30")), NO_TIME),
    Case("published_at a time of day with T", as_json(post(published_at="T11:30:00Z")), NO_TIME),
    Case("published_at a year", as_json(post(published_at="2024")), NO_TIME),
    Case("published_at in milliseconds", as_json(post(published_at=ARRIVED_MS)), NO_TIME),
    Case("published_at on no day", as_json(post(published_at="2025-02-30T00:00:00Z")), NO_TIME),
    Case("published_at far away", as_json(post(published_at="294247-01-10T04:00:54Z")), NO_TIME),
    Case("published_at before 2010", as_json(post(published_at="2009-12-31T23:59:59Z")), "before 2010"),
    Case("published_at in the future", as_json(post(published_at="2025-01-06T12:06:00Z")), "lies in the future"),
    Case("created_at in words", as_json(post(created_at="then")), NO_TIME),
    Case("seen_at in words", as_json(post(seen_at="now")), NO_TIME),
    Case("seen_at in the future", as_json(post(seen_at="2025-01-06T12:06:00Z")), "seen_at lies in the future"),
    Case("seen_at before 2010", as_json(post(seen_at="1970-01-01T00:00:00Z")), "seen_at lies before 2010"),
    Case("currencies of texts", as_json(post(currencies=["BTC"])), NOT_JSON),
    Case("currencies with null", as_json(post(currencies=[None, {"code": "BTC"}])), "currency has no code"),
    Case("currency without a code", as_json(post(currencies=[{"title": "Bitcoin"}])), "currency has no code"),
    Case("code as an object", as_json(post(currencies=[{"code": {"a": 1}}])), "not a plain code"),
    Case("code with a colon", as_json(tagged("BTC:X")), "not a plain code"),
    Case("code too long", as_json(tagged("B" * 65)), "not a plain code"),
    Case("too many coins", as_json(tagged(*(f"C{number}" for number in range(501)))), "more than 500 coins"),
    Case("object of nothing", b"{}", "no id"),
    Case("heartbeat in the future", as_json({"heartbeat": ARRIVED_MS + 301_000}), "heartbeat lies in the future"),
    Case("heartbeat before 2010", as_json({"heartbeat": 1}), "heartbeat lies before 2010"),
    Case("largest heartbeat", as_json({"heartbeat": 2**63 - 1}), "heartbeat lies in the future"),
    Case("smallest heartbeat", as_json({"heartbeat": -(2**63)}), "heartbeat lies before 2010"),
    Case("heartbeat as text", as_json({"heartbeat": str(ARRIVED_MS)}), NOT_JSON),
    Case("heartbeat of no source", as_json({"heartbeat": ARRIVED_MS - 5, "source": "a:b"}), "source is not"),
    Case("heartbeat twice", b'{"heartbeat": 1736164800000, "heartbeat": 1736164800001}', DOCUMENTS),
]
