"""Through a server of Prometheus the application is judged as of its last scrape, and the scrapes are judged too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from newswake.errors import WishError
from newswake.health.inputs import Inputs
from newswake.health.levels import Kind, Level
from newswake.health.rules import judge
from streaming.monitor.prometheus import OURS, PrometheusLook, samples_in
from streaming.monitor.server import RATES, SCRAPES, TARGETS
from tests.answering import answering
from tests.unit.health.builders import AT, inputs
from tests.unit.monitor.test_prometheus import exported

HERE, THERE = "here:9809", "there:9809"


@dataclass(frozen=True)
class Scraped:
    """`scrapes` are seconds before AT, at which the last one was unless told; `up` None: no target any more."""

    scrapes: Sequence[float] = (60, 30, 0)
    up: int | None = 1
    rates: Sequence[float] = (1, 2, 3)

    def answer(self, instance: str, query: str, time: float | None) -> list[dict[str, Any]]:
        last = AT.timestamp() - min(self.scrapes)
        times = sorted(AT.timestamp() - age for age in self.scrapes)
        labels = {"job": "newswake", "instance": instance}
        match query:
            case _ if query == SCRAPES:
                return [{"metric": labels, "values": [[at, str(at - 2)] for at in times]}]
            case _ if query == TARGETS:
                return [] if self.up is None else [{"metric": labels, "value": [0, str(self.up)]}]
            case _ if query == RATES:
                values = [[at, str(rate)] for at, rate in zip(times, self.rates, strict=True)]
                return [{"metric": {**labels, "query": "post_prices"}, "values": values}] if time == last else []
            case _ if query == OURS:
                # What a failed scrape takes away is there again for who asks as of the last good one.
                there = time == last or (time is None and self.up)
                return [
                    {
                        # A server knows no empty labels.
                        "metric": {"__name__": f"newswake_{one.name}"}
                        | labels
                        | {name: value for name, value in one.labels.items() if value},
                        "value": [time, str(one.value)],
                    }
                    for one in (samples_in(exported(inputs())) if there else [])
                ]
        raise AssertionError(query)


@contextmanager
def serving(applications: Mapping[str, Scraped]) -> Iterator[str]:
    def answer(path: str, asked: dict[str, str]) -> str | None:
        time = float(asked["time"]) if "time" in asked else None
        found = [one for name, scraped in applications.items() for one in scraped.answer(name, asked["query"], time)]
        return json.dumps({"status": "success", "data": {"result": found}}) if path == "/api/v1/query" else None

    with answering(answer) as address:
        yield address


def look(applications: Mapping[str, Scraped], moment: datetime, instance: str | None = None) -> Inputs:
    with serving(applications) as address:
        looker = PrometheusLook(address, instance)
        try:
            return looker.at(moment)
        finally:
            looker.close()


@pytest.mark.parametrize(
    ("scraped", "seconds", "level", "says"),
    [
        (Scraped(), 29, Level.OK, "here:9809, last scraped 29 s ago"),
        (Scraped((120, 60, 0)), 59, Level.OK, "last scraped 59 s ago"),
        # One that was missed, or a restart, is not the usual time between two.
        (Scraped((900, 60, 30, 0), rates=(1, 2, 3, 4)), 91, Level.DOWN, "last scraped 91 s ago, expected < 90 s"),
        (Scraped((0,), rates=(1,)), 59, Level.OK, "last scraped 59 s ago"),
        (Scraped(up=0), 29, Level.DOWN, "last scraped 29 s ago, does not answer the server: its `up` is 0"),
        (Scraped(), 91, Level.DOWN, "last scraped 91 s ago, expected < 90 s: the server does not scrape it any more"),
        (Scraped((2, 1, 0)), 14, Level.OK, "last scraped 14 s ago"),
        (Scraped(up=None), 91, Level.DOWN, "expected < 90 s"),
    ],
)
def test_a_scrape_may_be_as_old_as_scrapes_are(scraped: Scraped, seconds: int, level: Level, says: str) -> None:
    health = judge(look({HERE: scraped}, AT + timedelta(seconds=seconds)))
    assert health.level is level, health.as_json()
    (service,) = health.of(Kind.SERVICE, "prometheus")
    assert (service.level, says in service.says) == (level, True), service.says


def test_the_last_word_of_an_application_that_is_down_is_told_as_such() -> None:
    found = look({HERE: Scraped(up=0)}, AT + timedelta(minutes=20))
    assert found.reports["post_prices"][0].batch_id == 41
    (application,) = judge(found).of(Kind.APPLICATION)
    assert application.says == "no sign of life for 20 min, expected < 15 s"


def test_rates_are_those_of_the_last_scrapes() -> None:
    assert look({HERE: Scraped(rates=(5, 0, 7))}, AT).rates == {"post_prices": (5.0, 0.0, 7.0)}


def test_of_two_applications_one_is_chosen_by_name() -> None:
    two = {HERE: Scraped(), THERE: Scraped(up=0)}
    with pytest.raises(
        WishError, match=r"2 applications of ours \(here:9809, there:9809\): choose one with --instance"
    ):
        look(two, AT)
    with pytest.raises(WishError, match="none of them is nowhere:1"):
        look(two, AT, "nowhere:1")
    here = look({**two, THERE: Scraped(rates=(7, 8, 9))}, AT, HERE)
    assert (judge(here).level, here.rates) == (Level.OK, {"post_prices": (1.0, 2.0, 3.0)})
    assert judge(look(two, AT, THERE)).level is Level.DOWN


def test_one_that_has_moved_is_one_application() -> None:
    found = look({HERE: Scraped((90, 60), up=None, rates=(1, 2)), THERE: Scraped()}, AT)
    assert found.services[0].says.startswith(THERE)


def test_a_server_that_has_scraped_nothing_says_so() -> None:
    health = judge(look({}, AT))
    assert (health.level, [one.subject for one in health.verdicts]) == (Level.DOWN, ["prometheus"])
    assert "has scraped no application of ours for 60 min" in health.verdicts[0].says
