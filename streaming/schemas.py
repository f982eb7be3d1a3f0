"""Every schema of the application, in one place: the messages, as they are read, and the tables, as they are kept."""

from __future__ import annotations

from typing import Final

from pyspark.sql import types as T

VOTE_KINDS: Final = ("negative", "positive", "important", "liked", "disliked", "lol", "toxic", "saved", "comments")

CORRUPT: Final = "_corrupt_record"


def _struct(*fields: tuple[str, T.DataType]) -> T.StructType:
    return T.StructType([T.StructField(name, kind) for name, kind in fields])


VOTES: Final = _struct(*((kind, T.LongType()) for kind in VOTE_KINDS))

# --- messages ---------------------------------------------------------------------------------------------------

POST_MESSAGE: Final = _struct(
    ("id", T.StringType()),
    ("source", T.StringType()),
    ("kind", T.StringType()),
    ("title", T.StringType()),
    ("url", T.StringType()),
    ("domain", T.StringType()),
    ("published_at", T.StringType()),
    ("created_at", T.StringType()),
    ("seen_at", T.StringType()),
    ("hot", T.BooleanType()),
    ("currencies", T.ArrayType(_struct(("code", T.StringType())))),
    ("votes", VOTES),
    ("panic_score", T.DoubleType()),
    ("heartbeat", T.LongType()),
    (CORRUPT, T.StringType()),
)

CANDLE_MESSAGE: Final = _struct(
    ("symbol", T.StringType()),
    ("quote", T.StringType()),
    ("exchange", T.StringType()),
    ("interval", T.StringType()),
    ("seen_at", T.LongType()),
    ("open_time", T.ArrayType(T.LongType())),
    ("open", T.ArrayType(T.DoubleType())),
    ("high", T.ArrayType(T.DoubleType())),
    ("low", T.ArrayType(T.DoubleType())),
    ("close", T.ArrayType(T.DoubleType())),
    ("volume", T.ArrayType(T.DoubleType())),
    ("trades", T.ArrayType(T.LongType())),
    ("taker_buy_volume", T.ArrayType(T.DoubleType())),
    ("filled", T.ArrayType(T.BooleanType())),
    (CORRUPT, T.StringType()),
)

# --- tables -----------------------------------------------------------------------------------------------------

POSTS: Final = _struct(
    ("post_id", T.StringType()),
    ("source", T.StringType()),
    ("kind", T.StringType()),
    ("title", T.StringType()),
    ("url", T.StringType()),
    ("domain", T.StringType()),
    ("published_at", T.TimestampType()),
    ("created_at", T.TimestampType()),
    ("seen_at", T.TimestampType()),
    ("hot", T.BooleanType()),
    ("currencies", T.ArrayType(T.StringType())),
    ("votes", VOTES),
    ("panic_score", T.DoubleType()),
)

CANDLES: Final = _struct(
    ("symbol", T.StringType()),
    ("quote", T.StringType()),
    ("exchange", T.StringType()),
    ("interval", T.StringType()),
    ("open_time", T.TimestampType()),
    ("open", T.DoubleType()),
    ("high", T.DoubleType()),
    ("low", T.DoubleType()),
    ("close", T.DoubleType()),
    ("volume", T.DoubleType()),
    ("trades", T.LongType()),
    ("taker_buy_volume", T.DoubleType()),
    ("filled", T.BooleanType()),
    ("seen_at", T.TimestampType()),
)

POST_PRICES: Final = _struct(
    ("post_id", T.StringType()),
    ("source", T.StringType()),
    ("hot", T.BooleanType()),
    ("symbol", T.StringType()),
    ("horizon_minutes", T.IntegerType()),
    ("published_at", T.TimestampType()),
    ("seen_at", T.TimestampType()),
    ("target_time", T.TimestampType()),
    ("price", T.DoubleType()),
    ("price_status", T.StringType()),
    ("exchange", T.StringType()),
    ("repaired_at", T.TimestampType()),
)

DEAD_LETTERS: Final = _struct(
    ("topic", T.StringType()),
    ("partition", T.IntegerType()),
    ("offset", T.LongType()),
    ("kafka_time", T.TimestampType()),
    ("key", T.BinaryType()),
    ("value", T.BinaryType()),
    ("reason", T.StringType()),
)

# What a later message may say otherwise of a minute.
CANDLE_VALUES: Final = ("open", "high", "low", "close", "volume", "trades", "taker_buy_volume", "filled")
CANDLE_STATE: Final = T.StructType([CANDLES[name] for name in (*CANDLE_VALUES, "seen_at")])

CANDLE_REVISIONS: Final = T.StructType(
    [
        *(CANDLES[name] for name in ("symbol", "quote", "exchange", "interval", "open_time")),
        *_struct(("held", CANDLE_STATE), ("revised", CANDLE_STATE), ("revision", T.StringType())),
    ]
)

TABLES: Final = {
    "posts": POSTS,
    "candles": CANDLES,
    "candle_revisions": CANDLE_REVISIONS,
    "post_prices": POST_PRICES,
    "dead_letters": DEAD_LETTERS,
}

# What makes a row of a table one row.
KEYS: Final = {
    "posts": ("source", "post_id", "seen_at"),
    "candles": ("exchange", "symbol", "quote", "interval", "open_time"),
    "candle_revisions": ("exchange", "symbol", "quote", "interval", "open_time", "revision"),
    "post_prices": ("source", "post_id", "symbol", "horizon_minutes"),
    "dead_letters": ("topic", "partition", "offset"),
}
