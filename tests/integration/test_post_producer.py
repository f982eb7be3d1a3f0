"""The post producer as a process, against the simulator and a real broker."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
import requests
from confluent_kafka import Consumer, TopicPartition

from newswake.clock import to_ms
from newswake.kafka import client_config
from newswake.messages import VOTE_KINDS
from newswake.offsets import bounds
from newswake.settings import Settings
from tests.conftest import Fresh, free_ports
from tests.integration.processes import program, simulator, wait_until

pytestmark = pytest.mark.integration

BEGIN = datetime(2025, 1, 10, tzinfo=UTC)
HOURS = 6
POSTS = 150
KEY = "simulated-key-0123456789"


def stopped(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Stop it; return its log."""
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(10) == 0
    assert time.monotonic() - began < 5
    log = process.stderr.read() if process.stderr else ""
    assert "Traceback" not in log
    assert KEY not in log
    return log


def messages_on(settings: Settings) -> list[dict[str, Any]]:
    """All messages of the posts topic; those of one key are in their order."""
    consumer = Consumer({**client_config(settings.kafka), "group.id": "none", "enable.auto.commit": False})
    try:
        found: list[dict[str, Any]] = []
        for number, (_, high) in bounds(consumer, settings.kafka.posts_topic, 10).items():
            consumer.assign([TopicPartition(settings.kafka.posts_topic, number, 0)])
            position = 0
            while position < high:
                message = consumer.poll(10)
                assert message is not None and not message.error()
                position = message.offset() + 1
                found.append(orjson.loads(message.value()))
        return found
    finally:
        consumer.close()


def read_until(settings: Settings) -> int:
    return max((message["heartbeat"] for message in messages_on(settings) if "heartbeat" in message), default=0)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Candles of one coin and posts over some hours, a few of them hot, some without tags or votes."""
    folder, chance = tmp_path / "recording", random.Random(7)
    folder.mkdir()
    minutes = [BEGIN + timedelta(minutes=minute) for minute in range(HOURS * 60)]
    candles = {"symbol": ["BTCUSDT"] * len(minutes), "open_time": minutes}
    candles |= {name: [100.0] * len(minutes) for name in ("open", "high", "low", "close", "volume")}
    pl.DataFrame(candles).write_parquet(folder / "candles.parquet")
    hot = [number % 10 == 0 for number in range(POSTS)]
    posts: dict[str, list[Any]] = {
        "post_id": list(range(1_000, 1_000 + POSTS)),
        "title": [f"Bitcoin &amp; post {number}" for number in range(POSTS)],
        "published_at": sorted(BEGIN + timedelta(seconds=chance.randrange(HOURS * 3600 - 60)) for _ in range(POSTS)),
        "currencies": [["BTC "] if number % 3 else [] for number in range(POSTS)],
        "hot": hot,
        "cryptopanic_url": [f"https://cryptopanic.com/news/{number}/" for number in range(POSTS)],
    }
    for kind in VOTE_KINDS:
        posts[f"votes_{kind}"] = [chance.randrange(40) if is_hot else None for is_hot in hot]
    schema = {f"votes_{kind}": pl.Int32 for kind in VOTE_KINDS}
    pl.DataFrame(posts, schema_overrides=schema).write_parquet(folder / "posts.parquet")
    return folder


@pytest.fixture
def simulated(fresh: Fresh, recording: Path) -> Iterator[dict[str, str]]:
    """The environment of a producer whose source and clock are a simulator's, which plays the recording."""
    with simulator("--recording", str(recording), "--speed", "1200", environ=fresh.environ) as address:
        yield {
            **fresh.environ,
            "NEWSWAKE_CLOCK__URL": f"{address}/clock",
            "NEWSWAKE_CRYPTOPANIC__BASE_URL": f"{address}/api",
            "NEWSWAKE_CRYPTOPANIC__KEY": KEY,
            "NEWSWAKE_CRYPTOPANIC__MONTHLY_QUOTA": "1000000000",
            "NEWSWAKE_CRYPTOPANIC__DELAY_HOURS": "0",
            "NEWSWAKE_RSS__FEEDS": "[]",
            "NEWSWAKE_POSTS__POLL_SECONDS": "600",
        }


def final_posts(environ: Mapping[str, str], hot: bool) -> dict[str, dict[str, Any]]:
    """What the source says at the end of the recording."""
    found: dict[str, dict[str, Any]] = {}
    url = f"{environ['NEWSWAKE_CRYPTOPANIC__BASE_URL']}/developer/v2/posts/"
    page = 1
    while True:
        query = {"auth_token": KEY, "page": str(page)} | ({"filter": "hot"} if hot else {})
        answer = requests.get(url, params=query, timeout=10).json()
        found |= {str(post["id"]): post for post in answer["results"]}
        if not answer["next"]:
            return found
        page += 1


def test_every_post_its_changes_and_heartbeats_with_a_restart_between(fresh: Fresh, simulated: dict[str, str]) -> None:
    settings = fresh.settings
    end = to_ms(BEGIN + timedelta(hours=HOURS))
    with program("posts", environ=simulated) as producer:
        wait_until(lambda: read_until(settings) > to_ms(BEGIN + timedelta(hours=2)), producer)
        stopped(producer, signal.SIGTERM)
    before = messages_on(settings)
    with program("posts", environ=simulated) as producer:
        wait_until(lambda: read_until(settings) >= end, producer)
        stopped(producer, signal.SIGINT)

    messages = messages_on(settings)
    assert len(messages) > len(before) > 0
    by_post: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in messages:
        if "heartbeat" not in message:
            by_post[message["id"]].append(message)
    assert len(by_post) == POSTS
    for observed in by_post.values():
        contents = [{name: value for name, value in one.items() if name != "seen_at"} for one in observed]
        assert all(one != other for one, other in itertools.pairwise(contents)), "published unchanged"
        seen = [one["seen_at"] for one in observed]
        assert seen == sorted(seen)
        flags = [one["hot"] for one in observed]
        assert flags == sorted(flags), "hot is sticky"
    hot = final_posts(simulated, hot=True)
    assert len(hot) == POSTS // 10
    for post_id, told in final_posts(simulated, hot=False).items():
        last = by_post[post_id][-1]
        assert last["hot"] is (post_id in hot)
        assert last["votes"] == told["votes"]
        assert last["currencies"] == [{"code": item["code"].strip()} for item in told["instruments"]]
        assert last["title"] == told["title"].replace("&amp;", "&")
        assert last["published_at"] == told["published_at"]
        assert last["source"] == "cryptopanic"
    beats = [message["heartbeat"] for message in messages if "heartbeat" in message]
    assert beats == sorted(beats)
    assert len(beats) > len(set(beats)), "said again between polls"


def test_faults_are_states_and_lose_nothing(fresh: Fresh, simulated: dict[str, str]) -> None:
    settings = fresh.settings
    faults = simulated["NEWSWAKE_CLOCK__URL"].replace("/clock", "/_faults")
    with program("posts", environ=simulated) as producer:
        wait_until(lambda: read_until(settings) > 0, producer)
        for mode in ("html", "truncated", "cut", "empty", "500", "429"):
            fault = {"path": "/api/developer", "mode": mode, "count": 1, "retry_after": 60}
            assert requests.post(faults, json=fault, timeout=5).ok
        wait_until(lambda: read_until(settings) >= to_ms(BEGIN + timedelta(hours=HOURS)), producer)
        log = stopped(producer, signal.SIGTERM)
    assert "is waiting" in log and "next try" in log
    assert len({message["id"] for message in messages_on(settings) if "heartbeat" not in message}) == POSTS
    state = orjson.loads((settings.home / "states" / "posts.cryptopanic.json").read_bytes())
    assert state["condition"] == "ok"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"NEWSWAKE_RSS__FEEDS": "[]"}, "no source of posts"),
        ({"NEWSWAKE_RSS__FEEDS": "gopher://x"}, "rss.feeds"),
        ({"NEWSWAKE_RSS__FEEDS": "http://127.0.0.1:1/rss"}, "kafka.bootstrap_servers"),
    ],
)
def test_what_is_missing_is_one_sentence(tmp_path: Path, environ: dict[str, str], said: str) -> None:
    nobody = {"NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{free_ports(1)[0]}", "NEWSWAKE_HOME": str(tmp_path)}
    with program("posts", environ={**nobody, **environ}) as producer:
        assert producer.wait(40) == 2
        lines = producer.stderr.read().strip().splitlines() if producer.stderr else []
    assert len(lines) == 1
    assert said in lines[0]
