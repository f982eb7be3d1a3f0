"""The one way in which anything of ours writes to Kafka: idempotent, keyed, and sure that it arrived."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from newswake.errors import MessageError, ServiceError
from newswake.kafka import Heard, client_config
from newswake.messages import CandlePage
from newswake.settings import Kafka


class Keyed(Protocol):
    """A message contract: where it goes inside its topic, and its bytes."""

    @property
    def key(self) -> bytes: ...

    def to_json(self) -> bytes: ...


class Publisher:
    """Publishes messages; `flush` returns when the broker has all of them.

    Connected on first use. Usable as a context manager, which flushes at the end.
    """

    def __init__(self, kafka: Kafka, timeout_seconds: float = 60.0) -> None:
        self._kafka = kafka
        self._timeout_seconds = timeout_seconds
        self._producer: Producer | None = None
        self._failure: KafkaError | None = None
        self._heard = Heard()

    def publish(self, topic: str, message: Keyed) -> None:
        """Queue one message, a page in the form of the setting kafka.candles_format.

        Raises `ServiceError` when an earlier one could not be delivered, `MessageError` for one that does not fit.
        """
        self.publish_bytes(topic, message.key, self._value(message))

    def publish_bytes(self, topic: str, key: bytes, value: bytes) -> None:
        """The same with bytes. Raises `MessageError` for more of them than a message may have."""
        producer = self._connected()
        while True:
            self._raise_failure()
            try:
                producer.produce(topic, key=key, value=value, on_delivery=self._delivered)
                producer.poll(0)
                return
            except BufferError:  # the local queue is full: wait until the broker has taken some
                producer.poll(1.0)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.MSG_SIZE_TOO_LARGE:
                    raise
                raise MessageError(
                    f"The message {key[:80]!r} for {topic} has {len(value):,} bytes, more than the "
                    f"{self._kafka.max_message_bytes:,} of the setting kafka.max_message_bytes: it was not published"
                ) from None

    def flush(self) -> None:
        """Wait until the broker has everything. Raises `ServiceError` when it does not take it in time."""
        if self._producer is None:
            return
        left = self._producer.flush(self._timeout_seconds)
        self._raise_failure()
        if left:
            raise ServiceError(
                f"{left} messages did not reach {self._kafka.bootstrap_servers} (setting kafka.bootstrap_servers) "
                f"within {self._timeout_seconds:g} s{self._why()}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.flush()

    def _value(self, message: Keyed) -> bytes:
        if not isinstance(message, CandlePage) or self._kafka.candles_format == "json":
            return message.to_json()
        try:
            return message.to_avro()
        except ValueError as error:
            raise MessageError(f"The page of {message.symbol} cannot be written in Avro: {error}") from None

    def _connected(self) -> Producer:
        if self._producer is None:
            self._producer = Producer(
                {
                    **client_config(self._kafka),
                    "enable.idempotence": True,
                    "compression.type": "lz4",
                    "linger.ms": 20,
                    "message.timeout.ms": int(self._timeout_seconds * 1000),
                    "queue.buffering.max.messages": 200_000,
                    # A broker that is away would fill the log, several lines a second.
                    "log_level": 0,
                    "error_cb": self._heard,
                    "message.max.bytes": self._kafka.max_message_bytes,
                }
            )
        return self._producer

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None and self._failure is None:
            self._failure = error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise ServiceError(
                f"A message did not reach {self._kafka.bootstrap_servers} (setting kafka.bootstrap_servers): "
                f"{self._failure.str()}{self._why()}"
            ) from KafkaException(self._failure)

    def _why(self) -> str:
        """What the client met in the background, in brackets: a time that is over says nothing of its cause."""
        reason = self._heard.reason
        return f" ({' '.join(reason.str().split())})" if reason else ""
