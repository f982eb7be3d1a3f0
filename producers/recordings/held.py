"""What the topics already hold, so that history is never told twice in the wrong order.

The stream's clock is the newest candle and the newest heartbeat that it has seen: a recording that is older would be
late in every row. It is refused before anything of it is published.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from newswake.avro_page import body_of
from newswake.clock import from_ms, to_iso, to_ms
from newswake.errors import RecordingError, ServiceError
from newswake.kafka import Heard, client_config, failure, metadata
from newswake.messages import MINUTE_MS
from newswake.offsets import bounds
from newswake.settings import Kafka

TAIL_MESSAGES = 500
TOLERANCE_MS = 300_000  # what lies further ahead of the broker's time is a bad message, which the stream refuses too
_FIRST_PLAUSIBLE_MS, _LAST_PLAUSIBLE_MS = 946_684_800_000, 4_102_444_800_000  # the years 2000 to 2099


def refuse_older(
    kafka: Kafka, end: datetime, candles: bool = True, posts: bool = True, timeout_seconds: float = 15.0
) -> None:
    """Raise `RecordingError` when a topic holds something newer than `end`, the end of the recording to publish.

    Equal is allowed: the same recording may be told again. `candles` and `posts` say which topics it goes into.
    Raises `ServiceError` when the broker does not answer.
    """
    for wanted, topic, newest, what in (
        (candles, kafka.candles_topic, newest_close, "candles"),
        (posts, kafka.posts_topic, newest_publication, "posts"),
    ):
        held = newest_held(kafka, topic, newest, timeout_seconds) if wanted else None
        if held is not None and held > to_ms(end):
            raise RecordingError(
                f"This recording ends at {to_iso(end)}, but the topic {topic} already holds {what} up to "
                f"{to_iso(from_ms(held))}: an older recording needs a home of its own (NEWSWAKE_HOME)"
            )


def newest_held(kafka: Kafka, topic: str, newest: Callable[[object], int | None], timeout_seconds: float) -> int | None:
    """The largest of `newest(message)` over the last messages of each partition; None for an empty or absent topic."""
    heard = Heard()
    consumer = Consumer(
        {
            **client_config(kafka),
            "group.id": "newswake-look",
            "enable.auto.commit": False,
            "enable.partition.eof": False,
            "log_level": 0,
            "error_cb": heard,
        }
    )
    try:
        if topic not in metadata(consumer, kafka, heard, timeout_seconds).topics:
            return None
        return _largest(consumer, topic, newest, timeout_seconds)
    except KafkaException as error:
        raise failure(kafka, error.args[0], heard) from error
    finally:
        consumer.close()


def _largest(
    consumer: Consumer, topic: str, newest: Callable[[object], int | None], timeout_seconds: float
) -> int | None:
    left: dict[int, int] = {}  # partition -> offset after its last message
    starts = []
    for partition, (low, high) in bounds(consumer, topic, timeout_seconds).items():
        if high > low:
            left[partition] = high
            starts.append(TopicPartition(topic, partition, max(low, high - TAIL_MESSAGES)))
    if not starts:
        return None
    consumer.assign(starts)
    best: int | None = None
    while left:
        message = consumer.poll(timeout_seconds)
        if message is None:
            raise ServiceError(f"The end of the topic {topic} did not come within {timeout_seconds:g} s")
        if message.error():
            raise KafkaException(message.error())
        number, offset = message.partition(), message.offset()
        if number is not None and offset is not None and offset + 1 >= left.get(number, 0):
            left.pop(number, None)
        moment = newest(_body(message))
        if moment is not None and moment <= message.timestamp()[1] + TOLERANCE_MS:
            best = moment if best is None else max(best, moment)
    return best


def _body(message: Message) -> object:
    try:
        return body_of(message.value())
    except ValueError:
        return None  # a dead letter of somebody else's: the stream reports those


def newest_close(body: object) -> int | None:
    """When the last candle of a page, or of the old envelope, closed; None for anything else."""
    if not isinstance(body, dict):
        return None
    times = body.get("open_time")
    if times is None:
        rows = [row for name, rows in body.items() if name != "id" and isinstance(rows, list) for row in rows]
        times = [row[0] for row in rows if isinstance(row, list) and row]
    if not isinstance(times, list):
        return None
    opened = [time for time in times if _plausible(time)]
    return max(opened) + MINUTE_MS if opened else None


def newest_publication(body: object) -> int | None:
    """When a post was published; None for anything else, heartbeats included."""
    if not isinstance(body, dict) or not isinstance(body.get("published_at"), str):
        return None
    try:
        moment = datetime.fromisoformat(body["published_at"])
        milliseconds = to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
    return milliseconds if _plausible(milliseconds) else None


def _plausible(time: object) -> bool:
    return isinstance(time, int) and _FIRST_PLAUSIBLE_MS <= time <= _LAST_PLAUSIBLE_MS
