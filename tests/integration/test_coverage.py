"""Polls and states in MongoDB, an outage of MongoDB, ends in time, and that no secret is written anywhere."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import orjson
import pytest
import requests
from confluent_kafka import Consumer, TopicPartition
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from newswake.kafka import client_config, ensure_topics
from newswake.offsets import bounds
from newswake.settings import Settings
from scripts import mongod
from tests.conftest import ROOT, Fresh, free_ports
from tests.integration.processes import program, wait_until

pytestmark = pytest.mark.integration

KEY = "pl4nted/key+of=cryptopanic"
FEED_PASSWORD = "pl4nted-feed-password"
SASL_PASSWORD = "pl4nted-sasl-password"
PROXY_PASSWORD = "pl4nted-proxy-password"
MONGO_PASSWORD = "pl4nted-mongo-password"
Row = dict[str, Any]


@pytest.fixture
def simulated(fresh: Fresh) -> Iterator[dict[str, str]]:
    """The environment of producers whose sources and clock are a simulator's, 120 times as fast as real time."""
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    ensure_topics(fresh.settings.kafka)
    with program("simulate", "--speed", "120", "--port", str(port), environ={**fresh.environ}) as simulator:

        def answers() -> bool:
            try:
                return requests.get(f"{address}/clock", timeout=2).ok
            except requests.ConnectionError:
                return False

        wait_until(answers, simulator)
        yield {
            **fresh.environ,
            "NEWSWAKE_CLOCK__URL": f"{address}/clock",
            "NEWSWAKE_CANDLES__COINS": "btc, Eth",
            "NEWSWAKE_CANDLES__BACKFILL_HOURS": "2",
            "NEWSWAKE_CANDLES__BASE_URL": f"{address}/api/v3",
            "NEWSWAKE_CRYPTOPANIC__BASE_URL": f"{address}/api",
            "NEWSWAKE_CRYPTOPANIC__KEY": KEY,
            "NEWSWAKE_CRYPTOPANIC__MONTHLY_QUOTA": "1000000000",
            "NEWSWAKE_CRYPTOPANIC__DELAY_HOURS": "0",
            "NEWSWAKE_RSS__FEEDS": f"http://reader:{FEED_PASSWORD}@127.0.0.1:{port}/rss",
            "NEWSWAKE_POSTS__POLL_SECONDS": "60",
            "NEWSWAKE_POSTS__TIMEOUT_SECONDS": "1",
            "NEWSWAKE_POSTS__LOOKBACK_HOURS": "2",
        }


def fault(environ: Mapping[str, str], path: str, mode: str, **more: object) -> None:
    url = environ["NEWSWAKE_CLOCK__URL"].replace("/clock", "/_faults")
    assert requests.post(url, json={"path": path, "mode": mode, "count": 1_000_000, **more}, timeout=5).ok


def cure(environ: Mapping[str, str]) -> None:
    assert requests.delete(environ["NEWSWAKE_CLOCK__URL"].replace("/clock", "/_faults"), timeout=5).ok


class OwnMongod:
    """A mongod that a test may kill and start again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_ports(1)[0]
        self.uri = f"mongodb://127.0.0.1:{self.port}/?directConnection=true"
        self.client: MongoClient[Row] = MongoClient(self.uri, serverSelectionTimeoutMS=1_000, tz_aware=True)
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir()

    def start(self) -> None:
        command = [mongod.binary(), "--dbpath", str(self.folder), "--port", str(self.port), "--bind_ip", "127.0.0.1"]
        self.process = subprocess.Popen([*command, "--quiet", "--nounixsocket"], stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def rows(self, database: str, source: str) -> list[Row]:
        """The rows of a source in the order of time; none while nobody answers."""
        try:
            return list(self.client[database]["source_coverage"].find({"source": source}).sort("polled_at", 1))
        except PyMongoError:
            return []


@pytest.fixture
def own_mongod(tmp_path: Path) -> Iterator[OwnMongod]:
    own = OwnMongod(tmp_path / "mongod")
    own.start()
    yield own
    own.kill()
    own.client.close()


def ended(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """End it with a signal: 0, long before a source that drips has given all. Returns its log."""
    process.send_signal(number)
    assert process.wait(15) == 0
    return process.stderr.read() if process.stderr else ""


def state_file(settings: Settings, name: str) -> Row:
    file = settings.home / "states" / f"{name}.json"
    found: Row = orjson.loads(file.read_bytes()) if file.is_file() else {}
    return found


def assert_no_gap_in(rows: Sequence[Row]) -> None:
    """Each row tells the time since the last good one before it, so that none can be missing."""
    last_ok = None
    for row in rows:
        if last_ok is not None:
            assert row["gap_seconds"] == pytest.approx((row["polled_at"] - last_ok).total_seconds(), abs=0.01)
        last_ok = row["polled_at"] if row["ok"] else last_ok


def test_every_poll_is_a_row_also_of_the_time_in_which_the_database_was_away(
    fresh: Fresh, simulated: dict[str, str], own_mongod: OwnMongod
) -> None:
    settings, name = fresh.settings, fresh.settings.mongo.database
    environ = {**simulated, "NEWSWAKE_MONGO__URI": own_mongod.uri, "NEWSWAKE_MONGO__TIMEOUT_MS": "1000"}
    with ExitStack() as stack:
        candles = stack.enter_context(program("candles", environ=environ))
        posts = stack.enter_context(program("posts", environ=environ))
        sources = {"candles.binance": candles, "posts.cryptopanic": posts, "posts.rss.127.0.0.1": posts}
        for source, process in sources.items():
            wait_until(lambda source=source: len(own_mongod.rows(name, source)) >= 2, process)  # type: ignore[misc]
        fault(environ, "/rss", "451")
        stopped = own_mongod.client[name]["source_states"]
        wait_until(lambda: (stopped.find_one("posts.rss.127.0.0.1") or {}).get("condition") == "stopped", posts)

        own_mongod.kill()
        away_since = {source: state_file(settings, source)["last_ok_at"] for source in sources}
        for source in ("candles.binance", "posts.cryptopanic"):
            seen: set[str] = set()

            def polls_on(source: str = source, seen: set[str] = seen) -> bool:
                seen.add(state_file(settings, source)["last_ok_at"])
                return len(seen) >= 5

            wait_until(polls_on, sources[source])
        own_mongod.start()
        known = {source: state_file(settings, source)["last_ok_at"] for source in sources}
        for source in ("candles.binance", "posts.cryptopanic"):

            def arrived(source: str = source) -> bool:
                rows = own_mongod.rows(name, source)
                return bool(rows) and rows[-1]["polled_at"].isoformat() > known[source].replace("Z", "+00:00")

            wait_until(arrived, sources[source])
        logs = {
            process: ended(process, number) for process, number in ((candles, signal.SIGTERM), (posts, signal.SIGINT))
        }
    for log in logs.values():
        assert "MongoDB (setting mongo.uri) cannot be written" in log and "MongoDB is written again" in log
        assert "Traceback" not in log

    for source in sources:
        rows = own_mongod.rows(name, source)
        assert_no_gap_in(rows)
        state = own_mongod.client[name]["source_states"].find_one(source)
        file = state_file(settings, source)
        assert state is not None
        assert (state["condition"], state["reason"]) == (file["condition"], file["reason"])
        good = [row for row in rows if row["ok"]]
        assert state["last_ok_at"] == good[-1]["polled_at"]
        assert all(row["reason"] is None and row["covered_until"] for row in good)
    assert away_since["candles.binance"] < known["candles.binance"]
    assert own_mongod.rows(name, "posts.rss.127.0.0.1")[-1]["reason"].startswith("127.0.0.1 answers 451")
    markets = own_mongod.client[name]["source_states"].find_one("candles.binance")
    assert markets is not None and markets["reason"] == "following 2 of 2 coins"  # "btc, Eth" is BTC and ETH
    indexes = own_mongod.client[name]["source_coverage"].index_information()
    assert indexes["expire_at_1"]["expireAfterSeconds"] == 0


def test_it_ends_while_a_source_drips(fresh: Fresh, simulated: dict[str, str]) -> None:
    environ = {**simulated, "NEWSWAKE_POSTS__TIMEOUT_SECONDS": "60", "NEWSWAKE_CANDLES__TIMEOUT_SECONDS": "60"}
    fault(environ, "/api", "drip", seconds=100)
    fault(environ, "/rss", "drip_headers", seconds=100)
    with program("posts", environ=environ) as posts, program("candles", environ=environ) as candles:
        made = fresh.settings.home / "posts" / "published.sqlite"
        wait_until(made.is_file, posts)
        wait_until(lambda: _log_has(candles, "candles of 2 coins"), candles)
        for process in (posts, candles):
            assert "Traceback" not in ended(process, signal.SIGTERM)


def _log_has(process: subprocess.Popen[str], text: str) -> bool:
    assert process.stderr is not None
    return text in process.stderr.readline()


@contextmanager
def loud(folder: Path, name: str, *arguments: str, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A producer that logs everything, into files in `folder`."""
    with (folder / f"{name}.out").open("w") as out, (folder / f"{name}.err").open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.loud", *arguments],
            cwd=ROOT, env={**os.environ, **environ}, stdout=out, stderr=err, text=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def messages_on(settings: Settings) -> list[bytes]:
    """Keys and values of all messages of both topics."""
    consumer = Consumer({**client_config(settings.kafka), "group.id": "none", "enable.auto.commit": False})
    found: list[bytes] = []
    try:
        for topic in (settings.kafka.posts_topic, settings.kafka.candles_topic):
            for number, (_, high) in bounds(consumer, topic, 10).items():
                consumer.assign([TopicPartition(topic, number, 0)])
                position = 0
                while position < high:
                    message = consumer.poll(10)
                    assert message is not None and not message.error()
                    position = (message.offset() or 0) + 1
                    found += [message.key() or b"", message.value() or b""]
    finally:
        consumer.close()
    return found


def test_no_secret_is_written_anywhere(fresh: Fresh, simulated: dict[str, str], tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    settings = fresh.settings
    uri = settings.mongo.uri.get_secret_value()
    proxy = f"http://me:{PROXY_PASSWORD}@127.0.0.1:{free_ports(1)[0]}"
    local = {**simulated, "NEWSWAKE_KAFKA__SASL_PASSWORD": SASL_PASSWORD}
    # What no server of this machine has goes through a proxy that is not there; the password of MongoDB is wrong.
    distant = {
        **local, "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "http_proxy": proxy, "https_proxy": proxy,
        "NEWSWAKE_HOME": str(tmp_path / "distant"), "NEWSWAKE_CANDLES__BASE_URL": "",
        "NEWSWAKE_CRYPTOPANIC__BASE_URL": "http://news.invalid/api",
        "NEWSWAKE_MONGO__URI": uri.replace(str(urlsplit(uri).password), MONGO_PASSWORD),
    }  # fmt: skip
    # A broker that does not speak SASL.
    refused = {
        **local, "NEWSWAKE_HOME": str(tmp_path / "refused"),
        "NEWSWAKE_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT", "NEWSWAKE_KAFKA__SASL_USERNAME": "me",
    }  # fmt: skip
    home, far = settings.home, tmp_path / "distant"

    def condition(folder: Path, source: str) -> str:
        file = folder / "states" / f"{source}.json"
        return str(orjson.loads(file.read_bytes())["condition"]) if file.is_file() else ""

    def becomes(folder: Path, source: str, wanted: str) -> Callable[[], bool]:
        return lambda: condition(folder, source) == wanted

    with ExitStack() as stack:
        run = lambda *arguments, environ: stack.enter_context(  # noqa: E731  five times the same
            loud(outputs, f"{len(list(outputs.iterdir()))}", *arguments, environ=environ)
        )
        wrong_sasl = run("candles", environ=refused)
        far_posts, far_candles = run("posts", environ=distant), run("candles", environ=distant)
        wait_until(becomes(far, "posts.cryptopanic", "waiting"), far_posts)
        wait_until(becomes(far, "candles.binance", "waiting"), far_candles)
        posts, candles = run("posts", environ=local), run("candles", environ=local)
        for source, process in (("posts.cryptopanic", posts), ("candles.binance", candles)):
            wait_until(becomes(home, source, "ok"), process)
        fault(simulated, "/", "html")
        wait_until(becomes(home, "posts.cryptopanic", "waiting"), posts)
        cure(simulated)
        wait_until(becomes(home, "posts.cryptopanic", "ok"), posts)
        fault(simulated, "/", "redirect", location="http://127.0.0.1:1/elsewhere")
        wait_until(becomes(home, "posts.cryptopanic", "stopped"), posts)
        cure(simulated)
        posts.send_signal(signal.SIGTERM)
        assert posts.wait(10) == 0
        crashing = run("posts", "crash", environ=local)
        assert crashing.wait(60) == 1
        for process in (far_posts, far_candles, candles):
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        assert wrong_sasl.wait(60) == 2

    secrets = [KEY, FEED_PASSWORD, SASL_PASSWORD, PROXY_PASSWORD, MONGO_PASSWORD, str(urlsplit(uri).password)]
    forms = {form for secret in secrets for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))}
    forms |= {base64.b64encode(f"reader:{FEED_PASSWORD}".encode()).decode()}
    written = {str(path): path.read_bytes() for folder in (outputs, home, far, tmp_path / "refused")
               for path in folder.rglob("*") if path.is_file()}  # fmt: skip
    said = b"".join(text for path, text in written.items() if path.startswith(str(outputs)))
    for expected in (b"DEBUG", b"unexpected: ********", b"Traceback", b"through the proxy", b"OperationFailure"):
        assert expected in said, expected
    messages = messages_on(settings)
    assert len(messages) > 100
    with MongoClient[Row](uri) as client:
        database = client[settings.mongo.database]
        documents = [document for name in database.list_collection_names() for document in database[name].find()]
    assert {document.get("ok") for document in documents} >= {True, False}
    everything = {**written, "the topics": b"\n".join(messages), "MongoDB": repr(documents).encode()}
    found = [(form, place) for place, text in everything.items() for form in forms if form.encode() in text]
    assert found == []
