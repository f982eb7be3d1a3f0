"""The files for Prometheus and Grafana: functions that go with the metrics' types, and settings that load."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.unit.monitoring.lives import CONF, alive, promtool, rules, scrapes

SETTINGS = (CONF / "prometheus.yml", ROOT / "deploy" / "prometheus.yml")
OF_COUNTERS, OF_GAUGES = {"rate", "increase"}, {"deriv", "changes"}


def expressions() -> list[tuple[str, str]]:
    panels = json.loads((CONF / "grafana-dashboard.json").read_text(encoding="utf-8"))["panels"]
    asked = [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]
    return asked + [(name, rule["expr"]) for name, rule in rules().items()]


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(newswake_[a-z_]+|up)\b(?=\s*(?:[{\[)]|$|[<>=/+*-]|\s))", expression))


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_names_and_labels_are_exported(where: str, expression: str) -> None:
    (families,) = scrapes(alive, [0])
    series: dict[str, set[str]] = {"up": {"job"}}
    for sample in (sample for family in families or () for sample in family.samples):
        series.setdefault(sample.name, {"instance", "job"}).update(sample.labels)
    names = names_in(expression)
    assert names, f"{where} asks for nothing of ours"
    assert names <= series.keys(), where
    labels = {label for name in names for label in series[name]}
    asked = {
        label
        for group in re.findall(r"(?:by|without|on) \(([^)]*)\)", expression)
        for label in re.findall(r"\w+", group)
    }
    assert asked <= labels, where


def test_the_dashboard_has_no_panel_on_another() -> None:
    taken: set[tuple[int, int]] = set()
    panels = json.loads((CONF / "grafana-dashboard.json").read_text(encoding="utf-8"))["panels"]
    for panel in panels:
        place = panel["gridPos"]
        across, down = (range(place[at], place[at] + place[size]) for at, size in (("x", "w"), ("y", "h")))
        cells = {(x, y) for x in across for y in down}
        assert not cells & taken, panel["title"]
        assert across.stop <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_functions_over_time_are_asked_of_the_type_that_they_are_for() -> None:
    (families,) = scrapes(alive, [0])
    types = {sample.name: family.type for family in families or () for sample in family.samples}
    checked = set()
    for where, expression in expressions():
        for function, name in re.findall(r"(\w+)\((newswake_\w+)\[", expression):
            right = {"counter", "histogram"} if function in OF_COUNTERS else {"gauge"}
            assert function in OF_COUNTERS | OF_GAUGES and types[name] in right, f"{where}: {function} of {name}"
            checked.add(function)
    assert checked == OF_COUNTERS | OF_GAUGES


@pytest.mark.parametrize("file", SETTINGS, ids=lambda file: file.parent.name)
def test_nobody_is_told_until_the_alertmanager_is_uncommented_and_both_load(file: Path, tmp_path: Path) -> None:
    as_it_is = file.read_text(encoding="utf-8")
    assert "alerting" not in yaml.safe_load(as_it_is)
    uncommented = re.sub(r"(?m)^#(?=alerting:|  )", "", as_it_is)
    (manager,) = yaml.safe_load(uncommented)["alerting"]["alertmanagers"]
    assert manager["static_configs"][0]["targets"][0].endswith(":9093")
    found = tmp_path / "prometheus.yml"
    for text in (as_it_is, uncommented):
        # The rules are where the container's volume has them, or beside the file.
        found.write_text(re.sub(r"- .*alerts\.yml", f"- {CONF / 'alerts.yml'}", text), encoding="utf-8")
        done = subprocess.run([promtool(), "check", "config", str(found)], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "1 rule files found" in done.stdout, done.stdout + done.stderr
