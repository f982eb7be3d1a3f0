"""A world as messages on the two topics of a real broker."""

from __future__ import annotations

import json
from typing import Any

from newswake.avro_page import to_avro
from newswake.clock import to_iso, to_ms
from newswake.kafka import ensure_topics
from newswake.settings import Settings
from producers.publisher import Publisher
from tests.worlds.world import EXCHANGE, QUOTE, SOURCE, Beat, Observed, Page, World


def publish(settings: Settings, world: World, avro: bool = False) -> None:
    """Put a world on the topics, which are made when missing; each topic in its order.

    `avro`: every second page is written in Avro.
    """
    ensure_topics(settings.kafka)
    with Publisher(settings.kafka) as publisher:
        for item in world.posts:
            if isinstance(item, Beat):
                publisher.flush()  # in another partition it could overtake the posts that it covers
            publisher.publish_bytes(settings.kafka.posts_topic, *as_bytes(item))
        for number, page in enumerate(world.candles):
            key, value = as_bytes(page)
            if avro and number % 2:
                value = to_avro(candles(page))
            publisher.publish_bytes(settings.kafka.candles_topic, key, value)


def as_bytes(item: Observed | Beat | Page) -> tuple[bytes, bytes]:
    """Key and value of the message."""
    if isinstance(item, Beat):
        key, body = f"heartbeat:{SOURCE}", {"heartbeat": to_ms(item.at), "source": SOURCE}
    elif isinstance(item, Page):
        key, body = item.symbol, candles(item)
    else:
        key, body = item.post_id, observation(item)
    return key.encode(), json.dumps(body).encode()


def publish_raw(settings: Settings, topic: str, *values: bytes) -> None:
    """Put bytes on a topic, as they are, under the key 1."""
    ensure_topics(settings.kafka)
    with Publisher(settings.kafka) as publisher:
        for value in values:
            publisher.publish_bytes(topic, b"1", value)


def observation(item: Observed) -> dict[str, Any]:
    return {
        "id": item.post_id,
        "source": SOURCE,
        "kind": "news",
        "title": f"Post {item.post_id}",
        "url": f"https://example.org/{item.post_id}",
        "published_at": to_iso(item.published_at),
        "seen_at": to_iso(item.seen_at),
        "hot": item.hot,
        "currencies": [{"code": code} for code in item.currencies],
        "votes": None,
    }


def candles(page: Page) -> dict[str, Any]:
    """A page as its message; its candles have no body, only a close."""
    prices = list(page.closes)
    body = {
        "symbol": page.symbol,
        "quote": QUOTE,
        "exchange": EXCHANGE,
        "interval": "1m",
        "seen_at": to_ms(page.at),
        "open_time": [to_ms(time) for time in page.times],
        **dict.fromkeys(("open", "high", "low", "close"), prices),
        "volume": [1.5] * len(prices),
    }
    return body if page.filled is None else {**body, "filled": list(page.filled)}
