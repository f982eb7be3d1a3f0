"""The candle producer as a process, against the simulator and a real broker."""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson
import pytest
import requests

from newswake.kafka import ensure_topics
from newswake.messages import HOUR_MS, MINUTE_MS, CandlePage
from newswake.settings import Settings
from producers.candles.resume import last_pages
from producers.candles.topic import KafkaTopicEnd
from producers.publisher import Publisher
from tests.conftest import Fresh, free_ports
from tests.integration.processes import program, simulator, wait_until

pytestmark = pytest.mark.integration

COINS = ("BTC", "ETH", "XRP")


def pages_on(settings: Settings) -> list[tuple[int, CandlePage]]:
    """All pages with their partition, in the order of each partition."""
    found: list[tuple[int, CandlePage]] = []
    with KafkaTopicEnd(settings.kafka, settings.kafka.candles_topic) as topic:
        for partition, (low, high) in topic.bounds().items():
            values = topic.values(partition, low, high)
            found += [(partition, CandlePage.model_validate(orjson.loads(value or b""))) for value in values]
    return found


def newest(settings: Settings) -> int:
    return max((page.open_time[-1] for _, page in pages_on(settings)), default=0)


def assert_complete(
    pages: list[tuple[int, CandlePage]], environ: Mapping[str, str], coins: Sequence[str] = COINS
) -> None:
    """Each coin has every minute that the exchange serves in that time, once, in order; any other one is carried."""
    for coin in coins:
        mine = [page for _, page in pages if page.symbol == coin]
        filled = {time: mark for page in mine for time, mark in zip(page.open_time, page.filled or (), strict=True)}
        times = [time for page in mine for time in page.open_time]
        assert times == sorted(set(times))
        served = minutes_served(environ, coin, times[0], times[-1])
        assert served <= set(times)
        assert all(filled[time] for time in set(times) - served)


def minutes_served(environ: Mapping[str, str], coin: str, first: int, last: int) -> set[int]:
    found: set[int] = set()
    for start in range(first, last + 1, 1000 * MINUTE_MS):
        query = {"symbol": f"{coin}USDT", "interval": "1m", "startTime": start, "endTime": last, "limit": 1000}
        answer = requests.get(f"{environ['NEWSWAKE_CANDLES__BASE_URL']}/klines", params=query, timeout=10)
        found |= {row[0] for row in answer.json()}
    return found


@pytest.fixture
def simulated(fresh: Fresh) -> Iterator[dict[str, str]]:
    """The environment of a producer whose exchange and clock are a simulator's, 120 times as fast as real time."""
    ensure_topics(fresh.settings.kafka)
    with simulator("--speed", "120", environ=fresh.environ) as address:
        yield {
            **fresh.environ,
            "NEWSWAKE_CANDLES__COINS": ",".join(COINS),
            "NEWSWAKE_CANDLES__BASE_URL": f"{address}/api/v3",
            "NEWSWAKE_CLOCK__URL": f"{address}/clock",
        }


def test_it_backfills_follows_stops_and_goes_on(fresh: Fresh, simulated: dict[str, str]) -> None:
    settings = fresh.settings
    with program("candles", environ=simulated) as producer:
        wait_until(lambda: newest(settings) > 0, producer)
        first = newest(settings)
        wait_until(lambda: newest(settings) >= first + 5 * MINUTE_MS, producer)
        began = time.monotonic()
        producer.send_signal(signal.SIGTERM)
        assert producer.wait(10) == 0
        assert time.monotonic() - began < 5
    stopped_at = newest(settings)
    before = len(pages_on(settings))

    with program("candles", environ=simulated) as producer:
        wait_until(lambda: newest(settings) >= stopped_at + 10 * MINUTE_MS, producer)
        producer.send_signal(signal.SIGINT)
        assert producer.wait(10) == 0

    pages = pages_on(settings)
    assert len(pages) - before < 100  # it did not begin afresh
    assert_complete(pages, simulated)
    assert newest(settings) - min(page.open_time[0] for _, page in pages) >= 48 * HOUR_MS
    hours: dict[int, list[int]] = defaultdict(list)
    for partition, page in pages:
        hours[partition].append(page.open_time[0] // HOUR_MS)
    assert all(column == sorted(column) for column in hours.values())
    state = orjson.loads((settings.home / "states" / "candles.binance.json").read_bytes())
    assert state["condition"] == "ok"


def test_faults_are_states_and_leave_no_gap(fresh: Fresh, simulated: dict[str, str]) -> None:
    settings = fresh.settings
    faults = simulated["NEWSWAKE_CLOCK__URL"].replace("/clock", "/_faults")
    with program("candles", environ=simulated) as producer:
        wait_until(lambda: newest(settings) > 0, producer)
        for mode in ("html", "truncated", "cut", "empty", "500", "429"):
            fault = {"path": "/api/v3/klines", "mode": mode, "count": 3, "retry_after": 30}
            assert requests.post(faults, json=fault, timeout=5).ok
            was = newest(settings)
            wait_until(lambda was=was: newest(settings) >= was + 3 * MINUTE_MS, producer)  # type: ignore[misc]
        producer.send_signal(signal.SIGTERM)
        assert producer.wait(10) == 0
        log = producer.stderr.read() if producer.stderr else ""
    assert "is waiting" in log and "next try" in log
    assert "Traceback" not in log
    assert_complete(pages_on(settings), simulated)


def test_the_end_of_a_real_topic(fresh: Fresh) -> None:
    settings = fresh.settings
    ensure_topics(settings.kafka)
    topic_name = settings.kafka.candles_topic
    now = 1_735_732_800_000
    with KafkaTopicEnd(settings.kafka, topic_name) as topic:
        assert last_pages(topic, COINS, now) == {}
    with Publisher(settings.kafka) as publisher:
        for minute in range(300, 0, -1):
            for coin in COINS if minute > 200 else COINS[:2]:
                column = (1.0,)
                page = CandlePage(
                    symbol=coin, quote="USDT", exchange="binance", seen_at=now, open_time=(now - minute * MINUTE_MS,),
                    open=column, high=column, low=column, close=column, volume=column,
                )  # fmt: skip
                publisher.publish(topic_name, page)
            publisher.publish_bytes(topic_name, b"BTC", b"\xff garbage")
    with KafkaTopicEnd(settings.kafka, topic_name) as topic:
        found = last_pages(topic, COINS, now, first_block=10)
    ages = {coin: (now - page.open_time[-1]) // MINUTE_MS for coin, page in found.items()}
    assert ages == {"BTC": 1, "ETH": 1, "XRP": 201}


def test_without_a_broker_it_says_so_and_ends(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_ports(1)[0]}"
    environ = {"NEWSWAKE_HOME": str(tmp_path), "NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS": nobody}
    with program("candles", environ=environ) as producer:
        assert producer.wait(40) == 2
        said = producer.stderr.read().strip().splitlines() if producer.stderr else []
    assert len(said) == 1
    assert nobody in said[0] and "kafka.bootstrap_servers" in said[0]
