"""What the endpoint answers, and that a port that is taken stops nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
import requests
from prometheus_client import CollectorRegistry, Gauge

from newswake.health.levels import Health, Kind, Level, Verdict
from streaming.reporting.endpoint import Answers, Endpoint, answer
from tests.conftest import free_ports
from tests.unit.health.builders import AT


def health(*verdicts: tuple[Kind, Level]) -> Health:
    return Health(AT, AT, False, tuple(Verdict(kind, str(kind), level, "why") for kind, level in verdicts))


def answers(found: Health, *, is_starting: bool = False) -> Answers:
    registry = CollectorRegistry()
    Gauge("newswake_test", "one of ours", registry=registry).set(3)
    return Answers(live=lambda: found, ready=lambda: found, is_starting=lambda: is_starting, registry=registry)


@pytest.mark.parametrize(
    ("verdict", "live", "ready"),
    [
        ((Kind.QUERY, Level.OK), 200, 200),
        ((Kind.QUERY, Level.DEGRADED), 200, 200),
        ((Kind.QUERY, Level.DOWN), 503, 503),
        # A start that hangs; all else that is said of the application comes from outside of it.
        ((Kind.APPLICATION, Level.DOWN), 503, 503),
        # A new start of the application would not bring the database back.
        ((Kind.SERVICE, Level.DOWN), 200, 503),
        ((Kind.CANDLES, Level.DOWN), 200, 503),
    ],
)
def test_live_fails_only_when_a_new_start_can_help(verdict: tuple[Kind, Level], live: int, ready: int) -> None:
    given = answers(health(verdict))
    assert answer("/live", given)[0] == live
    assert answer("/ready", given)[0] == ready
    assert answer("/health", given)[0] == 200
    assert answer("/ready", given)[2] == answer("/health?x=1", given)[2]


def test_it_is_not_ready_before_its_queries_run_and_lives_all_the_same() -> None:
    given = answers(health((Kind.APPLICATION, Level.DEGRADED)), is_starting=True)
    assert [answer(path, given)[0] for path in ("/live", "/ready", "/health")] == [200, 503, 200]


@pytest.fixture
def port() -> Iterator[int]:
    (port,) = free_ports(1)
    endpoint = Endpoint("127.0.0.1", port, answers(health((Kind.QUERY, Level.DOWN))))
    endpoint.start()
    yield port
    endpoint.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/live", timeout=5)


def test_it_answers_on_its_port(port: int) -> None:
    ready = requests.get(f"http://127.0.0.1:{port}/ready", timeout=5)
    assert (ready.status_code, ready.json()["level"]) == (503, "down")
    assert json.loads(ready.text)["verdicts"][0]["says"] == "why"
    assert "newswake_test 3.0" in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    assert requests.get(f"http://127.0.0.1:{port}/", timeout=5).status_code == 404


def test_a_port_that_is_taken_is_said_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        endpoint = Endpoint("127.0.0.1", taken.getsockname()[1], answers(health()))
        endpoint.start()
        endpoint.close()
    assert "settings monitor.address and monitor.port" in caplog.text
