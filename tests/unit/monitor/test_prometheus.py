"""What goes out to Prometheus comes back as the same verdicts, and the files of conf/monitoring know its names."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from base64 import b64encode
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from newswake.health.inputs import DeadLetters, Inputs, RepairState, ServiceState, SourceState
from newswake.health.levels import Level
from newswake.health.report import StateOperator
from newswake.health.rules import judge
from streaming.monitor.prometheus import PrometheusLook, inputs_of, samples_in
from streaming.monitor.series import Sample
from streaming.reporting.health_metrics import HealthMetrics
from streaming.reporting.listener import Told
from streaming.reporting.metrics import QueryMetrics
from tests.conftest import ROOT
from tests.unit.health.builders import AT, COINS, ago, application, inputs, query, report
from tests.unit.monitor.answering import answering

CONF = ROOT / "conf" / "monitoring"
BY_PROMETHEUS_ITSELF = {"up"}


def exported(found: Inputs) -> str:
    """The text of /metrics of an application in this state."""
    registry = CollectorRegistry()
    metrics = QueryMetrics(registry)
    for state in found.application.queries if found.application else ():
        metrics.started(state.name, state.name)
        for one in found.reports.get(state.name, ()):
            metrics.reported(Told({}, one))
        if not state.active:
            metrics.ended(state.name)
    registry.register(HealthMetrics(lambda: (found, judge(found))))
    return generate_latest(registry).decode()


def read_back(found: Inputs, *more: Sample) -> Inputs:
    return inputs_of([*samples_in(exported(found)), *more], AT, ServiceState("prometheus", True, "answers"))


def next_try(source: str, moment: datetime) -> Sample:
    return Sample("source_next_try_timestamp_seconds", {"source": source}, moment.timestamp())


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
        inputs(application=application(state="starting", started_at=AT - timedelta(minutes=6))),
        inputs(application=application(queries=(query("candles", active=False),))),
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
        # Only one of both knows the service that was asked.
        return {(str(one.kind), one.subject): one.level for one in judge(of).verdicts if one.kind != "service"}

    tries = [next_try(one.source, one.next_try_at) for one in found.sources if one.next_try_at]
    assert levels(read_back(found, *tries)) == levels(found)


def test_a_password_in_the_address_is_sent_and_not_shown() -> None:
    sent: list[str | None] = []

    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(self.headers["Authorization"])
            self.send_response(403)
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refuses) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        look = PrometheusLook(f"http://me:very%40secret@127.0.0.1:{server.server_address[1]}")
        (told,) = look.at(AT).services
        server.shutdown()
    look.close()
    assert sent[0] == f"Basic {b64encode(b'me:very@secret').decode()}"
    assert "does not answer" in told.says and "secret" not in told.says


def test_the_next_try_of_a_simulated_source_is_in_the_data_s_clock() -> None:
    told = application(source="simulated", speed=60.0, clock_now=ago(days=40), seen_at=AT)
    source = SourceState("posts.a", "ok", "is read")
    (found,) = read_back(inputs(application=told, sources=(source,)), next_try("posts.a", ago(seconds=30))).sources
    assert found.next_try_at == ago(days=40, minutes=30)


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


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(newswake_[a-z_]+|up)\b(?=\s*(?:[{\[)]|$|[<>=/+*-]|\s))", expression))


def expressions() -> list[tuple[str, str]]:
    dashboard = json.loads((CONF / "grafana-dashboard.json").read_text(encoding="utf-8"))
    groups = yaml.safe_load((CONF / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    panels = [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel["targets"]]
    return panels + [(rule["alert"], rule["expr"]) for group in groups for rule in group["rules"]]


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_the_dashboard_and_the_alerts_use_names_and_labels_that_are_exported(where: str, expression: str) -> None:
    series: dict[str, set[str]] = {}
    for sample in samples_in(exported(inputs(dead_letters=DeadLetters(3, 0)))):
        series.setdefault(f"newswake_{sample.name}", set()).update(sample.labels)
    names = names_in(expression)
    assert names, f"{where} asks for nothing of ours"
    assert names <= {*series, *BY_PROMETHEUS_ITSELF}, where
    labels = {label for name in names for label in series.get(name, {"job"})}
    asked = {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in re.split(r"[, ]+", group)}
    assert asked <= labels, where


def test_the_dashboard_has_no_panel_on_another() -> None:
    taken: set[tuple[int, int]] = set()
    dashboard = json.loads((CONF / "grafana-dashboard.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_prometheus_takes_the_rules_and_the_configuration() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool, which comes with Prometheus, is not on this machine")
    for kind, file in (("rules", "alerts.yml"), ("config", "prometheus.yml")):
        done = subprocess.run(
            [promtool, "check", kind, str(Path(CONF, file))], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
