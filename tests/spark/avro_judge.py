"""A candle page in Avro, read in plain Python from Avro's specification, without its libraries and our code."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

HEADER = bytes.fromhex("c301fc09eb5107f75223")  # the marker, and the fingerprint of the schema
LONG_BYTES, INT_BYTES = 10, 5


class Unsure(Exception):
    """The specification does not say what such bytes mean."""


def decoded(value: bytes) -> dict[str, Any]:
    """The columns by name. Raises `ValueError` for what is not exactly one object, `Unsure` where that is open."""
    if not value.startswith(HEADER):
        raise ValueError("another schema")
    reader = _Reader(value[len(HEADER) :])
    body = {name: read(reader) for name, read in FIELDS.items()}
    if reader.left():
        raise ValueError("bytes behind it")
    return body


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if not 0 <= count <= self.left():
            raise ValueError("cut off")
        self._at += count
        return self._data[self._at - count : self._at]

    def long(self) -> int:
        """Zigzag, seven bits a byte, the lowest first."""
        number = 0
        for place in range(LONG_BYTES):
            (byte,) = self.take(1)
            number |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                number &= 2**64 - 1
                return (number >> 1) ^ -(number & 1)
        raise ValueError("too long a number")

    def double(self) -> float:
        (number,) = struct.unpack("<d", self.take(8))
        return float(number)

    def boolean(self) -> bool:
        (byte,) = self.take(1)
        if byte > 1:
            raise Unsure
        return bool(byte)

    def text(self) -> str:
        return self.take(self.long()).decode("utf-8")


def _array(item: Callable[[_Reader], Any]) -> Callable[[_Reader], list[Any]]:
    def read(reader: _Reader) -> list[Any]:
        values: list[Any] = []
        while count := reader.long():
            if count < 0:  # the size of the block in bytes stands behind it
                count = -count
                reader.long()
            if count > reader.left():  # each item has a byte at least
                raise ValueError("cut off")
            values += [item(reader) for _ in range(count)]
        return values

    return read


def _optional(item: Callable[[_Reader], Any]) -> Callable[[_Reader], Any]:
    def read(reader: _Reader) -> Any:
        before = reader.left()
        branch = reader.long()
        if before - reader.left() > INT_BYTES:  # Java reads a branch as a number of 32 bits
            raise Unsure
        if branch not in (0, 1):
            raise ValueError("no such branch")
        return item(reader) if branch else None

    return read


FIELDS: Mapping[str, Callable[[_Reader], Any]] = {
    **dict.fromkeys(("symbol", "quote", "exchange", "interval"), _Reader.text),
    "seen_at": _optional(_Reader.long),
    "open_time": _array(_Reader.long),
    **dict.fromkeys(("open", "high", "low", "close", "volume"), _array(_Reader.double)),
    "trades": _optional(_array(_optional(_Reader.long))),
    "taker_buy_volume": _optional(_array(_optional(_Reader.double))),
    "filled": _optional(_array(_Reader.boolean)),
}
