"""A message that is an Avro object: read, and what can be wrong with it before its fields are looked at.

`from_avro` in permissive mode gives a record of nulls for what is cut off, but accepts bytes behind the record, texts
that are not UTF-8, and a body of whatever schema; each needs a check of its own.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.avro.functions import from_avro

from newswake.avro_page import MARKER
from streaming.parsing.text import Check
from streaming.schemas import CORRUPT

# The last field of each record: its name in `decoded`, and in the Avro schema. They differ so that the cast between
# them is not optimized away.
SEAL, READ_SEAL = "seal", "read_seal"
# What it holds: bytes behind the record move it away from where it is looked for. Drawn by each process, so that no
# sender can write it.
SEAL_BYTES = secrets.token_bytes(16)


def with_decoded(messages: DataFrame, schema: str, header: bytes) -> DataFrame:
    """Kafka rows -> the same with `is_avro` and `decoded`.

    `is_avro`, never null: the value begins as an Avro object does. `decoded` is the record of `schema` (an Avro schema
    in JSON) with a last field `seal`, which is null for what is no object with that `header`.
    """
    value = F.col("value")
    begins = F.substring(value, 1, len(MARKER)) == F.lit(MARKER)
    body = F.substring(value, len(header) + 1, 2**31 - 1)
    framed = messages.withColumn("is_avro", F.coalesce(begins, F.lit(False)))
    known = F.substring(value, 1, len(header)) == F.lit(header)
    record = from_avro(F.concat(body, F.lit(SEAL_BYTES)), _sealed(schema), {"mode": "PERMISSIVE"})
    return framed.withColumn("decoded", F.when(known, _of_its_own_type(framed, record)))


def message_of(decoded: Column, schema: T.StructType) -> Column:
    """The record as the struct that `from_json` gives for `schema`; null for none."""
    fields = (F.lit(None).cast(field.dataType) if field.name == CORRUPT else decoded[field.name] for field in schema)
    return F.when(
        decoded[SEAL].isNotNull(), F.struct(*(one.alias(name) for one, name in zip(fields, schema.names, strict=True)))
    )


def avro_checks(value: Column, decoded: Column, header: bytes, texts: Sequence[str]) -> list[Check]:
    """Conditions over a message that is an Avro object, each with the reason to refuse it. `texts`: fields of text."""
    # Asked together: each question is planned anew in every batch. The blank keeps bytes of two from making one sign.
    together = F.concat_ws(" ", *(decoded[name] for name in texts))
    fingerprint = header.removeprefix(MARKER).hex()
    return [
        (
            F.substring(value, 1, len(header)) != F.lit(header),
            f"an Avro object of another schema than that with the fingerprint {fingerprint}",
        ),
        (
            decoded[SEAL].isNull(),
            "not an Avro object of the agreed schema: cut off, too large, or bytes that do not fit",
        ),
        (decoded[SEAL] != F.lit(SEAL_BYTES), "bytes after the Avro object, or some are missing"),
        (~F.is_valid_utf8(together), "not valid UTF-8"),
        (F.contains(together, F.lit("\x00")), "contains a NUL character"),
    ]


def _of_its_own_type(messages: DataFrame, record: Column) -> Column:
    """The record behind a cast that changes nothing but the name of a field: it answers what type the record is.

    Asked itself, `from_avro` reads Hadoop's configuration files first, in each task anew, whether an Avro object comes
    or not. A cast to the very same type would be optimized away; one of the seal's name costs nothing.
    """
    held = messages.select(record.alias("record")).schema["record"].dataType
    if not isinstance(held, T.StructType):
        raise TypeError(f"the Avro schema is not of a record, but of {held.simpleString()}")
    fields = [T.StructField(SEAL if one.name == READ_SEAL else one.name, one.dataType, one.nullable) for one in held]
    return record.cast(T.StructType(fields))


def _sealed(schema: str) -> str:
    record: dict[str, Any] = json.loads(schema)
    seal = {"name": READ_SEAL, "type": {"type": "fixed", "name": "Seal", "size": len(SEAL_BYTES)}}
    return json.dumps({**record, "fields": [*record["fields"], seal]})
