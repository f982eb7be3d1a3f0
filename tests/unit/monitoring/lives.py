"""Lives of an application, minute by minute, as it exports them, and Prometheus's own judgement on them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from newswake.health.inputs import Application, DeadLetters, Inputs, QueryState, RepairState, SourceState, TopicState
from newswake.health.report import Report, StateOperator
from newswake.health.rules import judge
from streaming.reporting.health_metrics import HealthMetrics, Looked
from streaming.reporting.listener import Told
from streaming.reporting.metrics import QueryMetrics
from tests.conftest import ROOT

CONF = ROOT / "conf" / "monitoring"
BEGIN = datetime.fromtimestamp(0, UTC)  # promtool's time begins here
SCRAPED = {"job": "newswake", "instance": "application:9809"}

Life = Callable[[int], Looked | None]
"""What the endpoint answers from at a minute; None while it does not answer."""


def promtool() -> str:
    """Where it is. The test is skipped where it is not."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool, which comes with Prometheus, is not on this machine")
    return found


def rules() -> dict[str, dict[str, Any]]:
    """The alert rules by name."""
    groups = yaml.safe_load((CONF / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def at(minute: float) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def source(name: str, minute: int, **changes: Any) -> SourceState:
    return replace(SourceState(name, "ok", "is read", next_try_at=at(minute + 1)), **changes)


def report(minute: int, **changes: Any) -> Report:
    """One batch of `post_prices`."""
    healthy = Report(
        "post_prices",
        run_id="run",
        batch_id=minute,
        at=at(minute),
        input_rows=120,
        input_rows_per_second=60.0,
        processed_rows_per_second=240.0,
        phases={"triggerExecution": 1.5},
        sinks={"delta": 0.4},
        states=(StateOperator("symmetricHashJoin", 10, 3_000_000, 0, 0),),
        watermark=at(60 * (minute // 60) - 420),
    )
    return replace(healthy, **changes)


def application(minute: int, query: Mapping[str, Any] | None = None, **changes: Any) -> Application:
    """`query`: what is different with its only one."""
    state = QueryState("post_prices", True, at(-60), at(minute), {"Binance": 0}, {"Binance": 0.0})
    queries = (replace(state, **(query or {})),)
    topics = (TopicState("Binance", 100 + minute, at(minute)),)
    healthy = Application(at(minute), at(-60), state="running", source="live", queries=queries, topics=topics)
    return replace(healthy, **changes)


def alive(minute: int, **changes: Any) -> Looked:
    """Everything as it should be, one batch a minute. `changes` are fields of Inputs."""
    healthy = Inputs(
        at(minute),
        application=application(minute),
        reports={"post_prices": (report(minute),)},
        candles={"BTC": at(minute - 1.5)},
        sources=(source("candles", minute), source("posts.a", minute), source("posts.b", minute)),
        repair=RepairState(at(minute - 5), 3, 1),
        dead_letters=DeadLetters(0, 0),
    )
    inputs = replace(healthy, **changes)
    return inputs, judge(inputs)


def scrapes(life: Life, minutes: Iterable[int]) -> Iterable[Iterable[Metric] | None]:
    """What a life exports at each of the minutes."""
    registry = CollectorRegistry()
    metrics = QueryMetrics(registry)
    metrics.started("post_prices", "run")
    now: list[Looked] = []
    registry.register(HealthMetrics(lambda: now[-1]))
    for minute in minutes:
        found = life(minute)
        if found is None:
            yield None
            continue
        now.append(found)
        for reports in found[0].reports.values():
            metrics.reported(Told({}, reports[0]))
        yield text_string_to_metric_families(generate_latest(registry).decode())


def series(life: Life, minutes: Iterable[int], scraped: Mapping[str, str] = SCRAPED) -> list[dict[str, str]]:
    """The same in promtool's notation, with what Prometheus adds: `up`, and the mark on what is not there any more."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for place, families in enumerate(scrapes(life, minutes)):
        told = [] if families is None else [sample for family in families for sample in family.samples]
        for sample in told:
            found[_notation(sample.name, {**sample.labels, **scraped})][place] = f"{sample.value:.3f}"
        found[_notation("up", scraped)][place] = "0" if families is None else "1"
    count = len(list(minutes))
    return [
        {
            "series": name,
            "values": " ".join(values.get(place, "stale" if place - 1 in values else "_") for place in range(count)),
        }
        for name, values in found.items()
    ]


def _notation(name: str, labels: Mapping[str, str]) -> str:
    return name + "{" + ", ".join(f"{label}={json.dumps(value)}" for label, value in labels.items()) + "}"


@dataclass(frozen=True)
class Asked:
    """At `minute`, these alerts are to fire: their labels beside the rule's own, and what they tell."""

    minute: int
    alerts: tuple[dict[str, dict[str, str]], ...] = ()


def disagreement(folder: Path, alert: str, given: list[dict[str, str]], every: int, asked: Iterable[Asked]) -> str:
    """What promtool finds otherwise than as asked; empty when nothing is. `given` has a value every `every` minutes."""
    test = {
        "rule_files": [str(CONF / "alerts.yml")],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": f"{every}m",
                "input_series": given,
                "alert_rule_test": [
                    {"eval_time": f"{one.minute}m", "alertname": alert, "exp_alerts": list(one.alerts)} for one in asked
                ],
            }
        ],
    }
    file = folder / "test.yml"
    file.write_text(yaml.safe_dump(test, width=1_000_000), encoding="utf-8")
    done = subprocess.run([promtool(), "test", "rules", str(file)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr
