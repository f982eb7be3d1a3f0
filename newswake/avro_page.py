"""A candle page in Avro: the same columns as in JSON, as a single object (schema: candle_page.avsc).

An object begins with two bytes that no JSON begins with and the fingerprint of its schema, so that both forms may
stand on one topic. https://avro.apache.org/docs/1.12.0/specification/#single-object-encoding
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint, to_parsing_canonical_form

SCHEMA_TEXT: Final = Path(__file__).with_name("candle_page.avsc").read_text(encoding="utf-8")
MARKER: Final = b"\xc3\x01"
# The CRC-64 of the schema's canonical form, its lowest byte first.
FINGERPRINT: Final = fingerprint(to_parsing_canonical_form(json.loads(SCHEMA_TEXT)), "CRC-64-AVRO")
HEADER: Final = MARKER + bytes.fromhex(FINGERPRINT)

_SCHEMA = parse_schema(json.loads(SCHEMA_TEXT))
# What fastavro raises for bytes that are no object of the schema.
_MALFORMED = (EOFError, IndexError, OverflowError, TypeError, ValueError, struct.error)


def to_avro(body: Mapping[str, Any]) -> bytes:
    """Columns by name -> the Kafka value; an optional one may be absent or null."""
    written = io.BytesIO(HEADER)
    written.seek(0, io.SEEK_END)
    # fastavro takes a tuple in a union for a hint of its type.
    columns = {name: list(value) if isinstance(value, tuple) else value for name, value in body.items()}
    schemaless_writer(written, _SCHEMA, columns)
    return written.getvalue()


def from_avro(value: bytes) -> dict[str, Any]:
    """The columns by name. Raises `ValueError` for what is not one object of the schema.

    Some bytes that no writer makes (a branch of -1, a number of more than ten bytes) are taken for others: `body_of`
    sees that.
    """
    if not value.startswith(HEADER):
        raise ValueError("not a candle page in Avro")
    read = io.BytesIO(value)
    read.seek(len(HEADER))
    try:
        body: Any = schemaless_reader(read, _SCHEMA, None)
    except _MALFORMED as error:
        raise ValueError(f"not a candle page in Avro: {error}") from None
    if read.tell() != len(value):
        raise ValueError("bytes after the candle page")
    return dict(body)


def body_of(value: bytes | None) -> object:
    """What a message says: a page in Avro, or any JSON value, as anybody may have written it.

    Raises `ValueError` for what is neither, and for Avro that is not written as we write it.
    """
    if value is not None and value.startswith(MARKER):
        body = from_avro(value)
        if to_avro(body) != value:
            raise ValueError("not written as the schema says")
        return body
    try:
        # Not orjson, which refuses numbers that the application lets pass in fields it does not know.
        return json.loads(value or b"")
    except RecursionError:
        raise ValueError("nested too deep") from None
