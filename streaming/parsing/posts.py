"""Messages of the posts topic: observations, bare posts as the API has them, and heartbeats."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from streaming.parsing.text import first_reason, text_checks, with_parsed
from streaming.parsing.times import from_ms, time_checks, to_ms
from streaming.schemas import POST_MESSAGE, VOTE_KINDS

DEFAULT_SOURCE = "cryptopanic"
MAX_CODES = 500
BLANKS = " \t\r\n\u00a0"
# A colon would make the `_id` of a price ambiguous; brackets and quotes come from a code that is an object.
PLAIN_CODE = r'\A[^{}\[\]":]{0,64}\z'
MAX_LENGTHS = {"id": 512, "kind": 64, "title": 4_000, "url": 4_000, "domain": 512}


def parse_posts(messages: DataFrame, tolerance_seconds: int) -> DataFrame:
    """Kafka rows -> `position` (offset), `reason` (null: accepted), `heartbeat`, and the columns of `posts`.

    `messages` has topic, partition, offset, timestamp, key, value. Every query parses with this one function and the
    whole schema: a narrower one would accept what the full one refuses.
    """
    parsed = with_parsed(messages, POST_MESSAGE)
    timed = parsed.withColumns({name: _timestamp(name) for name in ("published_at", "created_at", "seen_at")})
    return timed.select(
        "topic",
        "partition",
        "offset",
        "timestamp",
        "key",
        "value",
        first_reason(_checks(tolerance_seconds)).alias("reason"),
        F.col("offset").alias("position"),
        F.when(_is_heartbeat(), from_ms(F.col("message.heartbeat"))).alias("heartbeat"),
        F.col("message.id").alias("post_id"),
        _source().alias("source"),
        F.col("message.kind").alias("kind"),
        F.col("message.title").alias("title"),
        F.col("message.url").alias("url"),
        F.col("message.domain").alias("domain"),
        "published_at",
        "created_at",
        # A bare post does not say when it was seen: the broker's time is when we can have known it at the latest.
        F.coalesce("seen_at", "timestamp").alias("seen_at"),
        F.col("message.hot").alias("hot"),
        _codes().alias("currencies"),
        F.col("message.votes").alias("votes"),
        F.col("message.panic_score").alias("panic_score"),
    )


def _timestamp(name: str) -> Column:
    """ISO-8601 text -> timestamp (UTC where it names no zone), null where it is none.

    Spark would take a time of day for one of today, and a bare number for a year.
    """
    text = F.col(f"message.{name}")
    return F.when(text.rlike(r"\A\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}"), F.try_to_timestamp(text))


def _is_heartbeat() -> Column:
    return F.col("message.heartbeat").isNotNull() & F.col("message.id").isNull()


def _source() -> Column:
    """The name of the source. A bare post has an object there (the publisher), which is not our word."""
    source = F.lower(F.trim("message.source"))
    return F.when(source.isNull() | source.startswith("{"), F.lit(DEFAULT_SOURCE)).otherwise(source)


def _codes() -> Column:
    """array<struct<code>> -> array<string>: trimmed, upper case, each once, no blanks; empty where there are none."""
    codes = F.transform("message.currencies", lambda currency: F.upper(F.btrim(currency["code"], F.lit(BLANKS))))
    return F.coalesce(F.array_distinct(F.filter(codes, lambda code: code != "")), F.array().cast("array<string>"))


def _checks(tolerance_seconds: int) -> list[tuple[Column, str]]:
    kafka_ms = to_ms(F.col("timestamp"))
    is_post = ~_is_heartbeat()
    currencies = F.col("message.currencies")
    checks = text_checks(F.col("text"), F.col("message"))
    checks += time_checks("the heartbeat", F.col("message.heartbeat"), kafka_ms, tolerance_seconds)
    checks += [
        (is_post & (F.coalesce(F.trim("message.id"), F.lit("")) == ""), "the post has no id"),
        (F.col("message.id").rlike(r"^\s*[\[{]"), "the id is not a string or a number"),
        (is_post & (F.col("key").cast("string") != F.col("message.id")), "the key is not the id of the post"),
        (~_source().rlike(r"\A[a-z0-9_.-]{1,64}\z"), "the source is not a plain name"),
        (is_post & F.col("message.title").isNull(), "the post has no title"),
        (is_post & F.col("message.published_at").isNull(), "the post has no published_at"),
    ]
    checks += [
        (F.length(f"message.{name}") > limit, f"{name} is longer than {limit} characters")
        for name, limit in MAX_LENGTHS.items()
    ]
    checks += [
        (F.col(f"message.{name}").isNotNull() & F.col(name).isNull(), f"{name} is not an ISO-8601 time")
        for name in ("published_at", "created_at", "seen_at")
    ]
    for name in ("published_at", "created_at", "seen_at"):
        checks += time_checks(name, to_ms(F.col(name)), kafka_ms, tolerance_seconds)
    checks += [
        (F.exists(currencies, lambda currency: currency["code"].isNull()), "a currency has no code"),
        (F.exists(currencies, lambda currency: ~currency["code"].rlike(PLAIN_CODE)), "a coin code is not a plain code"),
        (F.size(currencies) > MAX_CODES, f"the post has more than {MAX_CODES} coins"),
    ]
    checks.append((F.abs("message.panic_score") == float("inf"), "the panic_score is not finite"))
    checks += [(F.col(f"message.votes.{kind}") < 0, f"the {kind} votes are negative") for kind in VOTE_KINDS]
    return checks
