"""Counting signs never takes for one document what is none, and is enough for the pages that our producers write."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from newswake.messages import CandlePage
from streaming.parsing.candles import MESSAGE_FIELDS
from streaming.parsing.text import is_one_document, is_plainly_one_document, with_parsed
from streaming.schemas import CANDLE_MESSAGE, CORRUPT
from tests.spark.candle_corpus import BAD, FULL, GOOD, PAGE, page
from tests.spark.frames import ARRIVED, as_json, kafka_frame

pytestmark = pytest.mark.spark

SYMBOL = b'"symbol": "BTC"'
ODD = [
    *(PAGE + tail for tail in (b" }", b"{}", b"\n", b"  ", b"[]", b" 1", b'"', b",")),
    PAGE.replace(SYMBOL, SYMBOL + b', "symbol": null'),
    PAGE.replace(SYMBOL, SYMBOL + b', "symbol": "}"')[:-1],
    PAGE.replace(b'"BTC"', b'"B}C"'),
    PAGE.replace(b'"BTC"', b'"B:C"'),
    PAGE.replace(b'"quote"', b'"symbol"'),
    PAGE.replace(b'"interval": "1m"', b'"interval": null'),
    PAGE.replace(b'"interval": "1m"', b'"venue": "1m"'),
    PAGE.replace(b'"interval"', b'"close"'),
    as_json(page(filled=None)),
]


@dataclass(frozen=True)
class Judged:
    parsed: bool
    plain: bool
    one: bool


def judged(spark: SparkSession, values: list[bytes]) -> list[Judged]:
    frame = with_parsed(kafka_frame(spark, [(None, value, ARRIVED) for value in values]), CANDLE_MESSAGE)
    text, message = F.col("text"), F.col("message")
    parsed = message.isNotNull() & message[CORRUPT].isNull() & F.is_valid_utf8(text)
    plain = F.coalesce(is_plainly_one_document(text, message, MESSAGE_FIELDS), F.lit(False))
    rows = frame.select("offset", parsed.alias("parsed"), plain.alias("plain"), is_one_document(text).alias("one"))
    return [Judged(row["parsed"], row["plain"], row["one"]) for row in rows.orderBy("offset").collect()]


def test_what_is_plainly_one_document_is_one(spark: SparkSession) -> None:
    corpus = [case.value for case in (*BAD, *(case for case, _ in GOOD)) if case.value is not None]
    values = [*corpus, *ODD]
    wrong = [value for value, one in zip(values, judged(spark, values), strict=True) if one.plain > one.one]
    # What could not be parsed is refused before this is asked.
    assert [value for value in wrong if judged(spark, [value])[0].parsed] == []


def test_pages_of_our_producers_need_no_second_parse(spark: SparkSession) -> None:
    written = [
        CandlePage.model_validate(body).to_json() for body in (page(), page(trades=[1, 2], filled=[True, False]))
    ]
    assert [one.plain for one in judged(spark, [*written, PAGE, as_json(FULL)])] == [True] * 4
