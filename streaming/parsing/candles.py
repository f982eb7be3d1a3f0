"""Messages of the candles topic: pages, in JSON or Avro, and the old envelope with many coins in one message."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from newswake.avro_page import HEADER, SCHEMA_TEXT
from streaming.parsing.avro import avro_checks, message_of, with_decoded
from streaming.parsing.text import first_reason, is_unquoted, text_checks, with_parsed
from streaming.parsing.times import time_checks, to_ms
from streaming.schemas import CANDLE_MESSAGE, CORRUPT

MINUTE_MS = 60_000
MAX_CANDLES = 1_500
# Without what would make an `_id` ambiguous, and what objects and arrays are read as.
PLAIN_CODE = r"\A[^\s{}\[\]\":/]{1,32}\z"
MAX_WHOLE = 2.0**53  # above it a double does not hold every whole number
ENVELOPE_EXCHANGE = "binance"
ENVELOPE_QUOTE = "USDT"

PRICES = ("open", "high", "low", "close")
NAMES = ("symbol", "quote", "exchange")
REQUIRED = (*PRICES, "volume")
OPTIONAL = ("trades", "taker_buy_volume", "filled")
MESSAGE_FIELDS = tuple(name for name in CANDLE_MESSAGE.names if name != CORRUPT)
PAGE_FIELDS = ("symbol", "quote", "exchange", "seen_at", "open_time", *REQUIRED, *OPTIONAL)


def parse_candles(messages: DataFrame, tolerance_seconds: int, *, small_plan: bool = False) -> DataFrame:
    """Kafka rows -> `position` (offset), `reason` (null: accepted) and `pages` (array of struct).

    `messages` has topic, partition, offset, timestamp, key, value. In a page, `open_time` and `seen_at` are epoch
    milliseconds and the columns are arrays of equal length. `small_plan`: for batches of some hundred messages, which
    cost what their plan costs, where expressions are interpreted anyway. The verdicts are the same.
    """
    decoded = with_decoded(messages, SCHEMA_TEXT, HEADER)
    parsed = with_parsed(decoded, CANDLE_MESSAGE, F.when(~F.col("is_avro"), F.col("value").cast("string")))
    either = parsed.withColumn(
        "message", F.when(F.col("is_avro"), message_of(F.col("decoded"), CANDLE_MESSAGE)).otherwise(F.col("message"))
    )
    enveloped = either.withColumn("envelope", F.when(_may_be_envelope(), _envelope_pages(F.col("text"))))
    return enveloped.select(
        "topic",
        "partition",
        "offset",
        "timestamp",
        "key",
        "value",
        _reason(tolerance_seconds, small_plan).alias("reason"),
        F.col("offset").alias("position"),
        F.coalesce("envelope", F.array(_page())).alias("pages"),
    )


def _page() -> Column:
    """The page in the message, its symbol in upper case, as the codes of posts are.

    A page without `seen_at` was seen when the broker got it, at the latest.
    """
    fields = _page_fields()
    fields["symbol"] = F.upper(fields["symbol"])
    fields["seen_at"] = F.coalesce(fields["seen_at"], to_ms(F.col("timestamp")))
    return F.struct(*(column.alias(name) for name, column in fields.items()))


def _page_fields() -> dict[str, Column]:
    """The page in the message, as it came."""
    return {name: F.col(f"message.{name}").alias(name) for name in PAGE_FIELDS}


def _may_be_envelope() -> Column:
    """Only a message without a symbol is read a second time."""
    return F.col("message").isNotNull() & F.col("message.symbol").isNull() & F.col("message.open_time").isNull()


def _envelope_pages(text: Column) -> Column:
    """`{"id": 0, "BTC": [[ms, o, h, l, c, v], …], …}` -> array of pages, null where it is none.

    Every key but `id` is a coin. A coin whose rows are not numbers gives a page with null columns, which is refused.
    """
    fields = F.from_json(text, "map<string,string>")
    coins = F.filter(F.map_entries(fields), lambda entry: entry["key"] != "id")

    def in_order(entry: Column) -> Column:
        rows = F.array_sort(F.from_json(entry["value"], "array<array<double>>"))
        return F.struct(F.upper(F.trim(entry["key"])).alias("symbol"), rows.alias("rows"))

    def page(coin: Column) -> Column:
        def column(index: int) -> Column:
            return F.transform(coin["rows"], lambda row: F.get(row, F.lit(index)))

        return F.struct(
            coin["symbol"].alias("symbol"),
            F.lit(ENVELOPE_QUOTE).alias("quote"),
            F.lit(ENVELOPE_EXCHANGE).alias("exchange"),
            to_ms(F.col("timestamp")).alias("seen_at"),
            F.transform(column(0), _whole_ms).alias("open_time"),
            *(column(1 + place).alias(name) for place, name in enumerate(REQUIRED)),
            F.lit(None).cast("array<bigint>").alias("trades"),
            F.lit(None).cast("array<double>").alias("taker_buy_volume"),
            F.lit(None).cast("array<boolean>").alias("filled"),
        )

    # The rows are read in a step of their own: asked for six columns, they would be read six times.
    return F.when(F.size(coins) > 0, F.transform(F.transform(coins, in_order), page))


def _whole_ms(time: Column) -> Column:
    """double -> bigint, null where it is not a whole number. A cast would cut it, and fail where it is too large."""
    return F.when((time % 1 == 0) & time.between(-MAX_WHOLE, MAX_WHOLE), time.cast("bigint"))


def _reason(tolerance_seconds: int, small_plan: bool) -> Column:
    """Why the whole message is refused: by its text, by what it says of itself, or by one of its pages.

    The checks of a page stand in the plan twice: once as a lambda, for the pages of an envelope, and once not, which
    is compiled and so ten times as fast. A small plan has only the lambda, which makes the whole a fifth smaller.
    """
    kafka_ms = to_ms(F.col("timestamp"))
    is_page = F.col("envelope").isNull()
    of_avro = first_reason(avro_checks(F.col("value"), F.col("decoded"), HEADER, (*NAMES, "interval")))
    of_text = first_reason(text_checks(F.col("text"), F.col("message"), MESSAGE_FIELDS))
    message_checks = [
        (is_page & F.col("message.symbol").isNull(), "no symbol, and no coins with rows of candles either"),
        (is_page & ~_is_key(F.col("key"), F.col("message.symbol")), "the key is not the symbol of the page"),
        *((is_page & is_unquoted(F.col("text"), F.col("message"), name), f"the {name} is not text") for name in NAMES),
        (is_page & (F.coalesce(F.col("message.interval"), F.lit("1m")) != "1m"), "the interval is not 1m"),
    ]

    def of_page(page: Column) -> Column:
        return first_reason(page_checks(page, kafka_ms, tolerance_seconds))

    def of_pages(pages: Column) -> Column:
        return F.get(F.filter(F.transform(pages, of_page), lambda reason: reason.isNotNull()), F.lit(0))

    if small_plan:
        in_pages = of_pages(F.coalesce("envelope", F.array(F.struct(*_page_fields().values()))))
    else:
        in_pages = F.when(is_page, of_page(F.col("message"))).otherwise(of_pages(F.col("envelope")))
    of_form = F.when(F.col("is_avro"), of_avro).otherwise(of_text)
    return F.coalesce(of_form, first_reason(message_checks), in_pages)


def _is_key(key: Column, symbol: Column) -> Column:
    """Whether the key of a message (binary) is the symbol, in whatever case; null for a message without a key."""
    text = key.cast("string")
    return F.is_valid_utf8(text) & (F.upper(text) == F.upper(symbol))


def page_checks(page: Column, kafka_ms: Column, tolerance_seconds: int) -> list[tuple[Column, str]]:
    """Conditions over one page (struct), each with the reason to refuse it."""
    times = page["open_time"]
    count = F.size(times)
    checks: list[tuple[Column, str]] = [
        (~page["symbol"].rlike(PLAIN_CODE), "the symbol is not a plain code"),
        (~F.coalesce(page["quote"], F.lit("")).rlike(PLAIN_CODE), "the quote currency is not a plain code"),
        (~F.coalesce(page["exchange"], F.lit("")).rlike(PLAIN_CODE), "the exchange is not a plain name"),
        (times.isNull() | (count == 0), "no candles"),
        (count > MAX_CANDLES, f"more than {MAX_CANDLES} candles"),
    ]
    for name in REQUIRED:
        checks.append((page[name].isNull() | (F.size(page[name]) != count), f"{name} and open_time differ in length"))
    for name in OPTIONAL:
        checks.append((F.size(page[name]) != count, f"{name} and open_time differ in length"))
    for name in ("open_time", *REQUIRED, "filled"):
        numbers = page[name].cast("array<int>") if name == "filled" else page[name]
        checks.append((_has_null(numbers), f"{name} has an empty element"))
    # The two that follow go through the elements; every minute from the first to the last is seen at once.
    other = ~_is_every_minute(times)
    checks += [
        (
            other & F.exists(as_objects(times), lambda time: time % MINUTE_MS != 0),
            "an open time is not on a minute",
        ),
        # By sort_array, which is compiled: the order of array_sort is a lambda.
        (other & (F.sort_array(F.array_distinct(times)) != times), "the open times do not rise"),
    ]
    checks += time_checks("a candle", F.array_min(times), kafka_ms, tolerance_seconds)
    # The minute is taken from the known side: added to a sender's number it could overflow, which ends the query.
    checks += time_checks("the close of a candle", F.array_max(times), kafka_ms - MINUTE_MS, tolerance_seconds)
    checks += time_checks("seen_at", page["seen_at"], kafka_ms, tolerance_seconds)
    # Spark orders NaN above infinity, so one upper bound catches both.
    for name in PRICES:
        checks.append(
            (~((F.array_min(page[name]) > 0) & (F.array_max(page[name]) < float("inf"))), f"{name} is not a price")
        )
    checks += [
        (
            ~((F.array_min(page["volume"]) >= 0) & (F.array_max(page["volume"]) < float("inf"))),
            "a volume is negative or not finite",
        ),
        (
            ~((F.array_min(page["taker_buy_volume"]) >= 0) & (F.array_max(page["taker_buy_volume"]) < float("inf"))),
            "a taker_buy_volume is negative or not finite",
        ),
        (F.array_min(page["trades"]) < 0, "trades are negative"),
        (
            F.exists(
                F.zip_with(as_objects(page["high"]), as_objects(page["low"]), lambda high, low: high < low),
                lambda wrong: wrong,
            ),
            "a high is below its low",
        ),
    ]
    return checks


def _has_null(values: Column) -> Column:
    """Whether an element is null; false for no array.

    By looking for a value: the answer is null where it is not found and something is null, and the look is compiled,
    which a lambda is not. A page that has the value, too, is refused for it: no price or volume is negative, no minute
    is -1 ms; `filled`, as numbers, has no such value.
    """
    return values.isNotNull() & F.array_contains(values, F.lit(-1)).isNull()


def _is_every_minute(times: Column) -> Column:
    """Whether the times (not empty) are all the minutes from their first to their last."""
    first, last = F.array_min(times), F.array_max(times)
    count = F.size(times)
    # No sequence is made that is longer than the page, or than a page may be, whatever the times are.
    is_span = (
        (count <= MAX_CANDLES)
        & (first >= 0)
        & (first % MINUTE_MS == 0)
        & (F.try_subtract(last, first) == (count - 1) * MINUTE_MS)
    )
    return F.when(is_span, times == F.sequence(first, last, F.lit(MINUTE_MS))).otherwise(F.lit(False))


def as_objects(values: Column) -> Column:
    """The same array, in the form that lambdas read fast.

    From the binary form of a row Spark looks up the type of each element in the session's configuration, which takes
    ten times as long as the lambda; a slice is an array of objects.
    """
    return F.slice(values, 1, 2**31 - 1)
