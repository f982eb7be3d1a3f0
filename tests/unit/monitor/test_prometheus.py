"""What goes out to Prometheus comes back as the same verdicts, and the files of conf/monitoring know its names."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from datetime import timedelta
from email.message import Message

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from rich.console import Console

from newswake.health.inputs import DeadLetters, Inputs, RepairState, ServiceState, SourceState
from newswake.health.levels import Kind, Level
from newswake.health.report import StateOperator
from newswake.health.rules import judge
from streaming.monitor.as_json import as_json
from streaming.monitor.prometheus import PrometheusLook, inputs_of, samples_in
from streaming.monitor.view import view
from streaming.reporting.health_metrics import HealthMetrics
from streaming.reporting.listener import Told
from streaming.reporting.metrics import QueryMetrics
from tests.answering import answering
from tests.unit.health.builders import AT, COINS, ago, application, inputs, query, report


def exported(found: Inputs) -> str:
    """The text of /metrics of an application in this state."""
    registry = CollectorRegistry()
    metrics = QueryMetrics(registry)
    for state in found.application.queries if found.application else ():
        metrics.started(state.name, state.name)
        for one in found.reports.get(state.name, ()):
            metrics.reported(Told({}, one))
        if not state.active:
            metrics.ended(state.name, failed=state.failed)
    registry.register(HealthMetrics(lambda: (found, judge(found))))
    return generate_latest(registry).decode()


def read_back(found: Inputs) -> Inputs:
    return inputs_of(samples_in(exported(found)), AT, ServiceState("prometheus", True, "answers"))


@pytest.mark.parametrize(
    "found",
    [
        inputs(dead_letters=DeadLetters(3, 0)),
        inputs(application=application(seen_at=AT - timedelta(minutes=2))),
        inputs(application=application(state="stopped")),
        inputs(application=application(queries=(query("candles", heard_at=AT - timedelta(minutes=3)),))),
        inputs(
            application=application(
                queries=(query("candles", heard_at=AT - timedelta(minutes=3), worked_at=AT - timedelta(seconds=9)),)
            )
        ),
        inputs(application=application(state="starting", started_at=AT - timedelta(minutes=11))),
        inputs(application=application(queries=(query("candles", active=False),))),
        inputs(application=application(starts=tuple(ago(minutes=minutes) for minutes in (8, 5, 3, 1)))),
        inputs(application=application(kafka_error="no broker")),
        inputs(application=application(kafka_error="no broker", queries=(query(heard_at=ago(seconds=44)),))),
        inputs(services=(ServiceState("mongodb", False, "no server"),)),
        inputs(application=application(queries=(query("candles", seconds_behind={"Binance": 500.0}),))),
        inputs(candles={coin: AT - timedelta(minutes=age) for coin, age in (("BTC", 1.5), ("ETH", 20), ("XRP", 9999))}),
        inputs(reports={"post_prices": (report(watermark=AT - timedelta(hours=12)),)}),
        inputs(dead_letters=DeadLetters(30, 20), repair=RepairState(AT - timedelta(hours=1), 0, 0)),
        inputs(sources=(SourceState("posts.a", "waiting", "HTTP 429", ago(minutes=-7)), *inputs().sources)),
        inputs(sources=(SourceState("posts.a", "stopped", "wrong key"),)),
        inputs(sources=(SourceState("candles.binance", "ok", "following 3 coins", ago(minutes=6)),)),
        inputs(
            application=application(seen_at=ago(hours=2)),
            candles=dict.fromkeys(COINS, ago(hours=2)),
            sources=(SourceState("candles.binance", "ok", "following 3 coins", ago(hours=2)),),
        ),
    ],
)
def test_the_same_rules_say_the_same_of_what_prometheus_knows(found: Inputs) -> None:
    def levels(of: Inputs) -> dict[tuple[str, str], Level]:
        # Only one of both has asked Prometheus.
        return {(str(one.kind), one.subject): one.level for one in judge(of).verdicts if one.subject != "prometheus"}

    assert levels(read_back(found)) == levels(found)


def test_a_password_in_the_address_is_sent_and_not_shown() -> None:
    sent: list[Message] = []
    with answering(lambda path, query: None, sent) as address:
        look = PrometheusLook(address.replace("//", "//me:very%40secret@"))
        (told,) = look.at(AT).services
        look.close()
    assert sent[0]["Authorization"] == f"Basic {b64encode(b'me:very@secret').decode()}"
    assert "does not answer" in told.says and "secret" not in told.says


def test_the_next_try_of_a_simulated_source_is_in_the_data_s_clock() -> None:
    told = application(source="simulated", speed=60.0, clock_now=ago(days=40), seen_at=ago(seconds=4))
    source = SourceState("posts.a", "ok", "is read", ago(days=40, minutes=30))
    (found,) = read_back(inputs(application=told, sources=(source,))).sources
    assert found.next_try_at == source.next_try_at


def test_a_query_of_which_no_start_is_exported_yet_is_none_that_hangs() -> None:
    later = ("query_started", "query_heard")
    samples = [one for one in samples_in(exported(inputs())) if not one.name.startswith(later)]
    found = inputs_of(samples, AT, ServiceState("prometheus", True, "answers"))
    assert [one.level for one in judge(found).of(Kind.QUERY)] == [Level.OK, Level.OK]


@pytest.mark.parametrize(
    "line",
    [
        'newswake_health_verdict{kind="query",subject="post_prices"} 7',
        'newswake_health_verdict{kind="query",subject="post_prices"} NaN',
        'newswake_health_verdict{kind="moon",subject="x"} 2',
        'newswake_health_verdict{subject="x"} 2',
        'newswake_query_active{query="[/x]q"} 1',
        "newswake_seen_timestamp_seconds +Inf",
        "newswake_seen_timestamp_seconds 1e300",
        'newswake_processed_rows_per_second{query="post_prices"} NaN',
        'newswake_phase_seconds{query="post_prices",phase="addBatch"} NaN',
        "<html>log in</html>",
    ],
)
def test_rubbish_is_told_and_raises_nothing(line: str) -> None:
    named = line.partition("{")[0].partition(" ")[0]
    others = [one for one in exported(inputs()).splitlines() if one.partition("{")[0].partition(" ")[0] != named]
    with answering(lambda path, query: "\n".join([*others, line, ""])) as address:
        looker = PrometheusLook(f"{address}/metrics")
        found = looker.at(AT)
        looker.close()
    health = judge(found)
    json.dumps(as_json(found, health), allow_nan=False)
    Console(file=io.StringIO()).print(view(found, health))


def test_figures_come_back() -> None:
    found = read_back(inputs())
    (prices,) = found.reports["post_prices"]
    assert (prices.batch_id, prices.seconds, prices.state_rows, prices.state_bytes) == (41, 1.5, 12_000, 3_000_000)
    assert prices.sinks == {"compute": 0.5, "mongodb": 0.2, "delta": 0.4}
    assert found.candles == inputs().candles
    uncounted = (StateOperator("symmetricHashJoin", None, 3_000_000, 0, 0),)
    (prices,) = read_back(inputs(reports={"post_prices": (report(states=uncounted),)})).reports["post_prices"]
    assert (prices.state_rows, prices.state_bytes) == (None, 3_000_000)
    late = report(states=(StateOperator("symmetricHashJoin", 1, 1, 0, 7),))
    assert read_back(inputs(reports={"post_prices": (late, late)})).late_rows == {"post_prices": 14}


def test_rates_are_zero_while_there_is_nothing_to_do() -> None:
    registry = CollectorRegistry()
    metrics = QueryMetrics(registry)
    metrics.started("candles", "run")
    metrics.reported(Told({}, report("candles")))
    assert registry.get_sample_value("newswake_processed_rows_per_second", {"query": "candles"}) == 240.0
    metrics.idle("run")
    assert registry.get_sample_value("newswake_processed_rows_per_second", {"query": "candles"}) == 0.0
    metrics.reported(Told({}, report("candles")))
    assert registry.get_sample_value("newswake_rows_written_total", {"query": "candles"}) == 60.0


def test_it_follows_the_application_itself_and_keeps_the_rates_of_its_former_looks() -> None:
    rates = [10.0, 20.0, 30.0]

    def answer(path: str, query: dict[str, str]) -> str | None:
        newest = report(processed_rows_per_second=rates.pop(0))
        return exported(inputs(reports={"post_prices": (newest,)})) if path == "/metrics" else None

    with answering(answer) as address:
        looker = PrometheusLook(f"{address}/metrics")
        looks = [looker.at(AT) for _ in range(2)]
        looker.close()
        assert [judge(look).level for look in looks] == [Level.OK, Level.OK]
        assert looks[1].rates["post_prices"] == (10.0, 20.0)
        nowhere = PrometheusLook(f"{address}/nothing")
        assert judge(nowhere.at(AT)).level is Level.DOWN
        nowhere.close()
