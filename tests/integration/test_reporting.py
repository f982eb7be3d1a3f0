"""The application tells of itself: to Kafka's own tools, to Prometheus, to an orchestrator, and to the monitor."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic

from newswake.health.inputs import Inputs
from newswake.kafka import client_config, ensure_topics, group_of
from newswake.mongo import client
from newswake.offsets import bounds
from newswake.settings import Settings
from scripts.checks import java_command
from streaming.app import QUERIES, run
from streaming.monitor.__main__ import main as monitor
from streaming.monitor.look import MongoLook
from streaming.monitor.prometheus import PrometheusLook
from streaming.reporting.groups import GroupOffsets
from streaming.reporting.mongodb import MongoStore
from streaming.reporting.reporting import reporting
from streaming.reporting.topics import Ends, KafkaBroker
from streaming.sinks.steps import Step
from streaming.why.look import why
from streaming.why.text import as_text
from tests.conftest import ROOT, Fresh, free_ports
from tests.integration.pipeline import Pipeline
from tests.spark.gates import gated_query
from tests.unit.health.builders import AT, application, query, report
from tests.worlds.messages import publish
from tests.worlds.world import Beat, Observed, World, at, hours_of

pytestmark = [pytest.mark.spark, pytest.mark.integration]

TOOLS = ROOT / ".jvm" / "kafka"
WAIT_SECONDS = 240.0


def consumer_groups(settings: Settings, group: str) -> list[list[str]]:
    """What Kafka's own command says of a group: (group, topic, partition, current offset, end, lag, …) a line."""
    if not any(TOOLS.glob("kafka-tools-[0-9]*.jar")):
        pytest.skip(f"kafka-tools is not in {TOOLS}: `make setup` fetches it")
    command = [
        *(java_command(), "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", f"{TOOLS}/*"),
        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        *("--bootstrap-server", settings.kafka.bootstrap_servers, "--describe", "--group", group),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return sorted(line.split() for line in done.stdout.splitlines() if line.startswith(f"{group} "))


def eventually(asked: Callable[[], Any], what: str) -> Any:
    """The first answer that says yes."""
    pause, deadline = threading.Event(), time.monotonic() + WAIT_SECONDS
    while not (found := asked()):
        assert time.monotonic() < deadline, what
        pause.wait(0.25)
    return found


def test_offsets_of_a_query_are_seen_by_kafkas_own_command(fresh: Fresh) -> None:
    settings = fresh.settings
    admin = AdminClient(client_config(settings.kafka))
    topic = settings.kafka.candles_topic
    admin.create_topics([NewTopic(topic, num_partitions=2)])[topic].result()
    name = f"test-{topic}"
    groups = GroupOffsets(client_config(settings.kafka))
    newest = report(name, read_to={topic: {"0": 0, "1": 0}})
    # A broker that has just been started makes the topic of all groups first.
    eventually(lambda: groups.commit([newest]), "the broker does not take the offsets")
    assert [row[1:6] for row in consumer_groups(settings, group_of(name))] == [
        [topic, "0", "0", "0", "0"],
        [topic, "1", "0", "0", "0"],
    ]


@contextmanager
def running(pipeline: Pipeline, port: int) -> Iterator[None]:
    """The whole application in a thread, as it runs live."""
    settings = pipeline.context().settings
    context = replace(
        pipeline.context(),
        settings=settings.model_copy(
            update={
                "monitor": settings.monitor.model_copy(update={"port": port}),
                "streaming": settings.streaming.model_copy(update={"trigger_seconds": 0.5}),
            }
        ),
        once=False,
    )
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=1) as worker:
        work = worker.submit(run, context, list(QUERIES), stop)
        try:
            yield
        finally:
            stop.set()
            work.result()


def exported(address: str) -> Inputs:
    """What /metrics says."""
    looker = PrometheusLook(f"{address}/metrics")
    try:
        return looker.at(datetime.now(UTC))
    finally:
        looker.close()


def test_the_running_application_tells_everybody_and_says_that_it_stopped(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = pipeline.settings
    world = World((Observed(at(1), "1", at(1)), Beat(at(9))), tuple(hours_of("BTC", at(0), 9)))
    publish(settings, world)
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    others = pipeline.jobs().keys()  # of the session, which tests before had too
    with running(pipeline, port):

        def all_read() -> Any:
            try:
                body = requests.get(f"{address}/health", timeout=10).json()
            except requests.ConnectionError:
                return None
            found = {one["subject"]: one["says"] for one in body["verdicts"] if one["kind"] == "query"}
            rows = pipeline.database["post_prices"].count_documents({})
            return (
                body if set(found) == set(QUERIES) and rows and all("took" in says for says in found.values()) else None
            )

        body = eventually(all_read, "not all queries have had a batch")
        assert requests.get(f"{address}/live", timeout=10).status_code == 200
        application = {one["subject"]: one["level"] for one in body["verdicts"] if one["kind"] == "application"}
        assert application == {"streaming": "ok"}

        # The rows are in MongoDB before the batch that writes them ends, and it is reported after that.
        of_rows = {"name": "post_prices", "rowsWritten": {"$gt": 0}}
        written = eventually(
            lambda: pipeline.database["query_progress"].find_one(of_rows), "no batch with rows was reported"
        )
        assert {str(step) for step in Step} - {"compact"} <= set(written["sinkMs"])

        told = exported(address)
        assert told.application is not None
        assert {query.name for query in told.application.queries if query.active} == set(QUERIES)
        assert told.reports["post_prices"][0].state_rows > 0

        # What is exported as seen is the beat of the thread that signs in MongoDB, and it goes on.
        signs = pipeline.database["application"]
        later = (signs.find_one() or {})["seen_at"] + timedelta(seconds=1)

        def beat() -> Any:
            application = exported(address).application
            return application and application.seen_at > later

        eventually(beat, "no beat is exported")
        eventually(lambda: signs.find_one({"seen_at": {"$gt": later}}), "no beat is signed")

        pools = pipeline.context().spark.sparkContext._jsc.sc().getAllPools()
        assert set(QUERIES) <= {pools.apply(place).name() for place in range(pools.size())}, "each has its own"

        # A query that has read everything: Kafka's own command counts no lag, and the ends of the topics.
        # The group is the same for every application on a broker; its topics are our own.
        def no_lag() -> Any:
            topics = (settings.kafka.posts_topic, settings.kafka.candles_topic)
            rows = [row for row in consumer_groups(settings, group_of("post_prices")) if row[1] in topics]
            return rows if len(rows) == 4 and all(row[5] == "0" for row in rows) else None

        rows = eventually(no_lag, "the group of post_prices does not reach the end")
        assert sum(int(row[3]) for row in rows if row[1] == settings.kafka.candles_topic) == 9

        # What waits is in the state: the horizon of a day has no candle yet.
        assert pipeline.spark is not None
        (found,) = why(pipeline.context(), pipeline.database, "1", "btc")
        outcomes = {fate.due.horizon_minutes: fate for fate in found.fates}
        assert outcomes[0].outcome == "priced"
        began = f"{written['timestamp']:%Y-%m-%d %H:%M:%S.%f}"[:-3]
        assert outcomes[0].written.startswith(f"written by batch {written['batchId']}, which began {began}: compute ")
        assert "; committed to the lake " in outcomes[0].written
        assert outcomes[1440].outcome == "not due yet"
        assert "in Spark's state" in outcomes[1440].says and "not in Spark's state" not in outcomes[1440].says
        assert "not tagged with ETH" in as_text(why(pipeline.context(), pipeline.database, "1", "ETH"))
        assert "not received" in as_text(why(pipeline.context(), pipeline.database, "no such post", "BTC"))

    documents = list(pipeline.database["query_progress"].find({"name": "post_prices", "rowsWritten": {"$gt": 0}}))
    assert documents, "no report says what was written"
    assert {"compute", "mongodb", "delta"} <= set(documents[0]["sinkMs"])

    jobs = [job for number, job in pipeline.jobs().items() if number not in others]
    for said in ("post_prices, batch 0: write to MongoDB", "candles, batch 0: append to Delta", "repair: price"):
        assert any(said in one for one, _ in jobs), said
    runs = {name: pipeline.database["query_progress"].distinct("runId", {"name": name}) for name in QUERIES}
    strays = [one for one, group in jobs if (name := one.partition(", batch ")[0]) in runs and group not in runs[name]]
    assert not strays, "by its run is seen that Spark is at work on a batch"

    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/live", timeout=10)
    for name, value in settings_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert monitor(["--once"]) == 2
    assert "stopped" in capsys.readouterr().out


def test_it_is_not_ready_before_its_queries_run_and_tells_what_it_works_on(pipeline: Pipeline, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    context = pipeline.context()
    monitor = context.settings.monitor.model_copy(update={"port": port})
    context = replace(context, settings=context.settings.model_copy(update={"monitor": monitor}), once=False)

    def status(path: str) -> int:
        return requests.get(f"http://127.0.0.1:{port}{path}", timeout=10).status_code

    with reporting(context, pipeline.database) as teller:
        assert [status(path) for path in ("/live", "/ready", "/health")] == [200, 503, 200]
        with gated_query(context.spark, tmp_path, count=1):
            worked = {"queries": {"$elemMatch": {"name": "gated", "worked_at": {"$ne": None}}}}
            eventually(lambda: pipeline.database["application"].find_one(worked), "its batch is not told as work")
            teller.running()
            assert [status(path) for path in ("/live", "/ready")] == [200, 200]


def test_the_end_of_a_topic_is_looked_at_message_by_message(fresh: Fresh) -> None:
    ensure_topics(fresh.settings.kafka)
    publish(fresh.settings, World((Beat(at(3)), Beat(at(5))), tuple(hours_of("BTC", at(0), 4))))
    kafka = fresh.settings.kafka
    broker = KafkaBroker(client_config(kafka))
    try:
        topics, behind = Ends(broker, (kafka.posts_topic, kafka.candles_topic)).look(
            {"candles": report(read_to={kafka.candles_topic: {"0": 0, "1": 0}})}
        )
    finally:
        broker.close()
    posts, candles = topics
    assert (posts.messages, posts.event_at) == (2, at(5))
    assert (candles.messages, candles.event_at) == (4, at(4))
    assert behind["candles"].messages == {kafka.candles_topic: 4}


def test_how_far_behind_a_query_is_that_is_down_is_counted_at_the_broker(fresh: Fresh) -> None:
    settings = fresh.settings
    ensure_topics(settings.kafka)
    candles = settings.kafka.candles_topic
    publish(settings, World((Beat(at(3)),), tuple(hours_of("BTC", at(0), 4))))
    groups, name = GroupOffsets(client_config(settings.kafka)), f"test-{candles}"
    (begun,) = (one for one in range(2) if bounds_of(settings, candles)[one] > 0)
    read_to = {candles: {str(one): int(one == begun) for one in range(2)}}
    eventually(lambda: groups.commit([report(name, read_to=read_to)]), "the broker does not take the offsets")
    with client(settings.mongo) as mongo:
        database = mongo[settings.mongo.database]
        told = application(state="stopped", seen_at=AT, queries=(query(name), query("never ran")))
        MongoStore(database).sign(told)
        looker = MongoLook(settings)
        try:
            stopped = looker.at(AT)
            MongoStore(database).sign(replace(told, state="running"))
            running = looker.at(AT)
            begun = tuple(replace(one, messages_behind={}) for one in told.queries)
            MongoStore(database).sign(replace(told, state="starting", queries=begun))
            starting = looker.at(AT)
        finally:
            looker.close()
    assert stopped.unread == {name: {candles: 3}}, "of the topics that it has read"
    assert running.unread == {}, "it says so itself"
    assert starting.unread == {name: {candles: 3}}, "it has not counted yet"


def bounds_of(settings: Settings, topic: str) -> dict[int, int]:
    consumer = Consumer({**client_config(settings.kafka), "group.id": "test"})
    try:
        return {number: end for number, (_, end) in bounds(consumer, topic, 10).items()}
    finally:
        consumer.close()


def settings_environment(settings: Settings) -> dict[str, str]:
    return {
        "NEWSWAKE_HOME": str(settings.home),
        "NEWSWAKE_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "NEWSWAKE_KAFKA__POSTS_TOPIC": settings.kafka.posts_topic,
        "NEWSWAKE_KAFKA__CANDLES_TOPIC": settings.kafka.candles_topic,
        "NEWSWAKE_MONGO__URI": settings.mongo.uri.get_secret_value(),
        "NEWSWAKE_MONGO__DATABASE": settings.mongo.database,
    }
