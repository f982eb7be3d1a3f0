"""What can be wrong with a message before its fields are looked at: the bytes, and the JSON as such.

`from_json` in permissive mode accepts trailing garbage, a second document, repeated keys, escaped NUL characters and
bytes that are not UTF-8; each needs a check of its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from streaming.schemas import CORRUPT

# Numbers must be JSON numbers (no NaN, no Infinity), strings must be in double quotes.
JSON_OPTIONS = {
    "mode": "PERMISSIVE",
    "columnNameOfCorruptRecord": CORRUPT,
    "allowNonNumericNumbers": "false",
    "allowSingleQuotes": "false",
}

SEAL = secrets.randbits(62)

Check = tuple[Column, str]


def with_parsed(messages: DataFrame, schema: T.StructType, text: Column | None = None) -> DataFrame:
    """Kafka rows -> the same with `text` (the value as string, or what is given for it) and `message`.

    `message` is a struct, null for nothing, with `_corrupt_record` set where the text does not fit the schema. The
    text stands in a column of its own, because each question to the binary value would copy it first.
    """
    text = F.col("value").cast("string") if text is None else text
    return messages.withColumns({"text": text, "message": F.from_json(text, schema, JSON_OPTIONS)})


def text_checks(text: Column, parsed: Column, flat_fields: Sequence[str] = ()) -> list[Check]:
    """Conditions over the text of a message and its parsed struct, each with the reason to refuse the message.

    `flat_fields`: all fields of the struct, where none of them holds an object; most messages are then judged quicker.
    """
    one_document = is_one_document(text)
    if flat_fields:
        one_document = F.when(is_plainly_one_document(text, parsed, flat_fields), F.lit(True)).otherwise(one_document)
    # Looked for once: nearly no message has an escape, and each search reads the whole text.
    has_escape = F.contains(text, F.lit("\\u"))
    return [
        (text.isNull(), "tombstone: the message has no value"),
        (F.trim(text) == "", "the message is empty"),
        (~F.is_valid_utf8(text), "not valid UTF-8"),
        (has_escape & (F.instr(_without_escaped_backslashes(text), "\\u0000") > 0), "contains a NUL character"),
        (has_escape & has_lone_surrogate(text), "contains half of a surrogate pair"),
        (
            parsed.isNull() | parsed[CORRUPT].isNotNull(),
            "not a JSON object of the agreed form: cut off, or a value has the wrong type",
        ),
        (~one_document, "more than one JSON document, text after it, or a key that occurs twice"),
    ]


def has_lone_surrogate(text: Column) -> Column:
    """Whether an escaped UTF-16 surrogate has no partner."""
    high, low = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    return F.regexp_replace(_without_escaped_backslashes(text), high + low, "").rlike(
        r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
    )


def _without_escaped_backslashes(text: Column) -> Column:
    """What is left has a backslash only where an escape begins."""
    return F.replace(text, F.lit("\\\\"), F.lit(""))


def is_one_document(text: Column) -> Column:
    """Whether the text is exactly one JSON document without repeated keys.

    The text is put into an array before a number that this process has drawn: a second document, or text after the
    first one, moves that number away from where it is looked for, and no sender can write it.
    """
    sealed = F.try_parse_json(F.concat(F.lit("["), text, F.lit(f",{SEAL}]")))
    # Asked for one thing only: each further question would parse the text again.
    return F.coalesce(F.try_variant_get(sealed, "$[1]", "bigint") == SEAL, F.lit(False))


def is_plainly_one_document(text: Column, parsed: Column, fields: Sequence[str]) -> Column:
    """Whether counting signs is enough to see that a text, which was parsed without an error, is one document.

    Each field that the parse found has a key of its own with a colon behind it. When there are no more colons, then no
    key occurs twice, none is unknown, nothing is nested; when the only closing brace is at the end, nothing follows.
    False says nothing: the text may still be one document. The variant of a page takes as long as its parse; this
    takes a tenth.
    """
    found = reduce(Column.__add__, (parsed[name].isNotNull().cast("int") for name in fields))
    around_brace = F.split(text, "}")
    ends_with_it = (F.size(around_brace) == 2) & (F.trim(F.get(around_brace, F.lit(1))) == "")
    return ends_with_it & (F.size(F.split(text, ":")) == found + 1)


def is_unquoted(text: Column, message: Column, field: str) -> Column:
    """Whether a field (string) of the parsed message stands as a number or a truth value in the text.

    `from_json` reads these as text. Only where the field looks like one is the text looked at again.
    """
    parsed = F.try_parse_json(text)
    kind = F.schema_of_variant(F.try_variant_get(parsed, f"$.{field}", "variant"))
    return message[field].rlike(r"\A(-?\d[\d.eE+-]*|true|false)\z") & (kind != "STRING")


def first_reason(checks: Iterable[Check]) -> Column:
    """The reason of the first check that holds, or null where none does. A condition that is null does not hold."""
    reason: Column | None = None
    for condition, text in checks:
        reason = F.when(condition, F.lit(text)) if reason is None else reason.when(condition, F.lit(text))
    if reason is None:
        raise ValueError("at least one check is needed")
    return reason
