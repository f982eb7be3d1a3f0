"""Messages that are nearly right: valid ones with fields, elements or bytes put in, changed or taken out."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from newswake.avro_page import to_avro
from tests.spark.frames import ARRIVED_MS, MINUTE_MS

PIECES = [
    b"", b" ", b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"0", b"-", b"e9", b".5", b"null", b"true", b"NaN",
    b"\\u0000", b"\\\\u0000", b"\\ud83d", b"\\ud83d\\ude00", b"\\\\ud83d", b"\x00", b"\n", b"\x1f", b"\xff",
    b"\xed\xa0\x80", b"\xef\xbb\xbf", "é😀".encode(), b'"close": [1.0], ', b'"id": 1, ', b"],[", b"}{", b"1e400",
]  # fmt: skip
SPECIAL: list[Any] = [
    None, True, False, 0, -1, 1, 0.5, 60_000, 2**53, 2**63 - 1, 2**63, -(2**63), 10**400, 1e30, 1e308, -0.0, 5e-324,
    float("inf"), float("nan"), "", " ", "1", "1m", "NaN", "BTC", "btc", "BTC\n", "888", "\ud83d", "\x00", {}, [],
    [None], [[]], {"code": "BTC"}, [{"code": None}], ARRIVED_MS, ARRIVED_MS // MINUTE_MS * MINUTE_MS,
    "2025-01-06T11:00:00Z", "11:00", "0001-01-01T00:00:00Z", "+10000-01-01T00:00:00Z",
]  # fmt: skip


def mutated(chance: random.Random, bodies: Sequence[dict[str, Any]]) -> bytes:
    """One message: now and then as it was, or only bytes without a sense."""
    if chance.random() < 0.05:
        return chance.randbytes(chance.randrange(40))
    body = json.loads(json.dumps(chance.choice(bodies)))
    for _ in range(chance.choice([0, 1, 1, 2, 3])):
        _change(chance, body)
    value = json.dumps(body, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        start = chance.choice([0, len(value), chance.randint(0, len(value))])
        piece = chance.choice([chance.choice(PIECES), chance.randbytes(1), value[: chance.randint(0, 30)]])
        value = value[:start] + piece + value[start + chance.choice([0, 0, 1, 7]) :]
    return value


def _change(chance: random.Random, body: dict[str, Any]) -> None:
    name = chance.choice([*body, "symbol", "filled", "heartbeat", "votes", "x"])
    held, what = body.get(name), chance.choice(["put", "take", "inside", "inside", "nudge"])
    if what == "take":
        body.pop(name, None)
    elif what == "inside" and isinstance(held, list) and held:
        place = chance.randrange(len(held))
        if chance.random() < 0.3:
            held.insert(place, deepcopy(chance.choice(held)))
        elif chance.random() < 0.3:
            del held[place]
        else:
            held[place] = something(chance)
    elif what == "inside" and isinstance(held, dict) and held:
        held[chance.choice(list(held))] = something(chance)
    elif what == "nudge" and isinstance(held, int | float) and not isinstance(held, bool):
        body[name] = held + chance.choice([-1, 1, 60_000, -86_400_000, 3_600_000 * 48, 10**12])
    else:
        body[name] = something(chance)


def something(chance: random.Random, depth: int = 0) -> Any:
    """Any JSON value, of the odd ones most of the time."""
    kind = chance.randrange(8)
    if kind == 0 and depth < 3:
        return [something(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 1 and depth < 3:
        return {chance.choice(["code", "a", ""]): something(chance, depth + 1) for _ in range(chance.randrange(3))}
    if kind == 2:
        return chance.choice([chance.randint(-(10**6), 10**6), chance.randint(-(2**70), 2**70), chance.gauss(0, 1e3)])
    if kind == 3:
        return "".join(chr(chance.choice([chance.randrange(32, 127), chance.randrange(0x250)])) for _ in range(5))
    return deepcopy(chance.choice(SPECIAL))  # what was put in may be changed


def mutated_avro(chance: random.Random, bodies: Sequence[dict[str, Any]]) -> bytes:
    """A page in Avro with values that its schema allows, and bytes put in, changed or taken out."""
    body = deepcopy(chance.choice(bodies))
    for _ in range(chance.choice([0, 1, 1, 2])):
        name = chance.choice([name for name in body if name != "open_time" or chance.random() < 0.3])
        held = body[name]
        if isinstance(held, str):
            body[name] = chance.choice(["", "BTC", "btc", "a b", "B\x00C", "币", "x" * 40, "1m", "5m"])
        elif isinstance(held, int):
            body[name] = chance.choice([None, 0, -1, held + 10**9, 2**62, -(2**62)])
        elif isinstance(held, list) and held:
            place = chance.randrange(len(held))
            what = chance.choice(["put", "put", "more", "less"])
            if what == "more":
                held.insert(place, held[place])
            elif what == "less":
                del held[place]
            elif name == "open_time":
                held[place] += chance.choice([1, 60_000, -60_000, 3_600_000 * 30])
            elif name == "trades":
                held[place] = chance.choice([None, -1, 0, 2**62])
            elif name == "filled":
                held[place] = not held[place]
            else:
                held[place] = chance.choice([-1.0, -0.0, 0.0, 5e-324, 1e308, math.inf, -math.inf, math.nan])
    value = to_avro(body)
    for _ in range(chance.choice([0, 0, 0, 1, 1, 2])):
        start = chance.choice([0, 2, 10, len(value), chance.randint(0, len(value)), chance.randint(10, 60)])
        piece = chance.choice(
            [b"", b"\x00", b"\x80", b"\xff", b"\xff\xff\xff\xff\x0f", chance.randbytes(1), value[:12]]
        )
        value = value[:start] + piece + value[start + chance.choice([0, 1, 1, len(piece)]) :]
    return value
