"""Each alert rule in promtool's hands: a life of the application in which it fires, and one in which it stays quiet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from newswake.health.inputs import DeadLetters
from newswake.health.report import StateOperator
from streaming.reporting.board import Board
from streaming.reporting.health_metrics import Looked
from streaming.reporting.look import Look
from tests.unit.monitoring.lives import (
    SCRAPED,
    Asked,
    Life,
    alive,
    application,
    at,
    disagreement,
    report,
    rules,
    series,
    source,
)

GIB = 2**30


@dataclass(frozen=True)
class Fires:
    """The alert fires at `minute`, once. `labels` beside the rule's own; `description` where it has figures."""

    alert: str
    life: Life
    minute: int
    summary: str
    labels: Mapping[str, str] = field(default_factory=lambda: SCRAPED)
    description: str = ""


@dataclass(frozen=True)
class Quiet:
    """The alert fires at no minute until `minute`."""

    alert: str
    life: Life
    minute: int


def away(*minutes: int) -> Life:
    """It does not answer in these minutes."""
    return lambda minute: None if minute in minutes else alive(minute)


def beats_until(last: int) -> Life:
    """The reporting thread hangs after that minute; the queries, and whoever is asked, go on."""
    now = [at(0)]
    board = Board(application(0, seen_at=at(0)), clock=lambda: now[0])
    with MongoClient[dict[str, Any]](connect=False) as closed:
        nowhere = closed["newswake"]

    def life(minute: int) -> Looked:
        now[0] = at(minute)
        if minute <= last:
            board.beat()
        return Look(nowhere, board).inputs_and_health()

    return life


def query_is(minutes: range, **changes: Any) -> Life:
    """What is different with the query in these minutes."""
    return lambda minute: alive(minute, application=application(minute, changes if minute in minutes else None))


def source_is(*conditions: str, until: int = 10_000) -> Life:
    """One of two sources of posts is in these conditions by turns, until that minute."""

    def life(minute: int) -> Looked:
        condition = conditions[minute % len(conditions)] if minute < until else "ok"
        return alive(minute, sources=(source("posts.a", minute, condition=condition), source("posts.b", minute)))

    return life


def polled_until(last: int, condition: str = "ok") -> Life:
    """The producer of one of two sources of posts does not run after that minute."""

    def life(minute: int) -> Looked:
        late = source("posts.a", min(minute, last), condition=condition)
        return alive(minute, sources=(late, source("posts.b", minute), source("posts.c", minute, next_try_at=None)))

    return life


def polled_late(minutes: int) -> Life:
    """Every poll of a source is so many minutes late."""
    return lambda minute: alive(minute, sources=(source("posts.a", minute, next_try_at=at(minute - minutes)),))


def simulated(life: Life) -> Life:
    """The same, sixty minutes of data in one: the data's clock shows another year."""

    def faster(minute: int) -> Looked:
        found = life(minute)
        assert found is not None
        data = at(1_000_000)
        sources = tuple(
            replace(one, next_try_at=one.next_try_at and data + 60 * (one.next_try_at - at(0)))
            for one in found[0].sources
        )
        clock = application(minute, source="simulated", speed=60.0, clock_now=data + 60 * (at(minute) - at(0)))
        return alive(minute, application=clock, sources=sources)

    return faster


def behind(messages: int, more: int) -> Life:
    """So many messages at minute 0, and so many more each minute."""

    def life(minute: int) -> Looked:
        return alive(
            minute, application=application(minute, {"messages_behind": {"Binance": messages + more * minute}})
        )

    return life


def batch_of(minutes: float, every: int = 1) -> Life:
    """One batch ends every so many minutes."""

    def life(minute: int) -> Looked:
        ended = report(minute, phases={"triggerExecution": 60 * minutes})
        return alive(minute, reports={"post_prices": (ended,)} if minute % every == 0 else {})

    return life


def state_of(size: int, more: int) -> Life:
    """So many bytes at minute 100 in two operators, and so many more each minute."""

    def life(minute: int) -> Looked:
        half = (size + more * (minute - 100)) // 2
        states = tuple(StateOperator(name, 10, half, 0, 0) for name in ("symmetricHashJoin", "dedupe"))
        return alive(minute, reports={"post_prices": (report(minute, states=states),)})

    return life


def clock_stands(rows: int) -> Life:
    """The watermark does not move; each batch reads so many rows."""
    stands = at(-420)
    return lambda minute: alive(minute, reports={"post_prices": (report(minute, watermark=stands, input_rows=rows),)})


def refused(count: int) -> Life:
    return lambda minute: alive(minute, dead_letters=DeadLetters(1_000, count))


def starts_again(every: int, until: int = 10_000) -> Life:
    """A new process every so many minutes."""
    return lambda minute: alive(
        minute, application=application(minute, started_at=at(min(minute, until) // every * every))
    )


QUERY = {"kind": "query", "subject": "post_prices"}
FIRES = (
    Fires("NewswakeNotSeen", away(3, 4, 5), 4, "The streaming application does not answer"),
    Fires("NewswakeNotSeen", away(), 4, "The streaming application does not answer", {}),
    Fires(
        "NewswakeStalled", beats_until(3), 5, "The application does not look after itself any more",
        description="Its reporting thread was last heard of 2m 0s ago. How far behind the queries are is as old, and "
        "so is what MongoDB says of them.",
    ),
    Fires("NewswakeDown", query_is(range(3, 9), heard_at=at(-20)), 4, "query post_prices is down", QUERY),
    Fires(
        "NewswakeDegraded", query_is(range(3, 20), seconds_behind={"Binance": 500.0}), 13,
        "query post_prices is not as expected for 10 minutes", QUERY,
    ),
    Fires(
        "NewswakeSourceNotOk", source_is("waiting", "stopped"), 30,
        "The source posts.a has not answered as it should for half an hour", {"source": "posts.a", **SCRAPED},
    ),
    Fires(
        "NewswakeSourceOverdue", polled_until(3), 15, "The next poll of the source posts.a was due 11m 0s ago",
        {"source": "posts.a", **SCRAPED},
    ),
    Fires(
        "NewswakeSourceOverdue", simulated(polled_until(3)), 15,
        "The next poll of the source posts.a was due 11m 0s ago", {"source": "posts.a", **SCRAPED},
    ),
    Fires(
        "NewswakeFallsBehind", behind(9_500, 600), 17, "post_prices falls behind Binance",
        {"query": "post_prices", "topic": "Binance", **SCRAPED}, "10 messages a second more arrive than are read.",
    ),
    Fires(
        "NewswakeBatchesSlow", batch_of(12.0, every=12), 90, "Batches of post_prices take 12m 0s on average",
        {"query": "post_prices"},
    ),
    Fires(
        "NewswakeStateGrows", state_of(5 * GIB, 1_000_000), 100, "The state of post_prices is 5GiB and grows",
        {"query": "post_prices"},
    ),
    Fires(
        "NewswakeWatermarkStands", clock_stands(rows=120), 220,
        "The clock of post_prices has not moved for three hours", {"query": "post_prices", **SCRAPED},
    ),
    Fires("NewswakeRefused", refused(11), 15, "11 messages were refused in 15 minutes"),
    Fires("NewswakeRestarts", starts_again(3), 13, "The streaming application keeps starting again"),
)  # fmt: skip
QUIET = (
    Quiet("NewswakeNotSeen", away(3), 10),
    Quiet("NewswakeStalled", beats_until(100), 10),
    Quiet("NewswakeDown", query_is(range(3, 4), heard_at=at(-20)), 10),
    Quiet("NewswakeDegraded", query_is(range(3, 13), seconds_behind={"Binance": 500.0}), 20),
    Quiet("NewswakeDegraded", source_is("waiting"), 20),  # it has a rule of its own
    Quiet("NewswakeSourceNotOk", source_is("waiting", "stopped", until=30), 40),
    Quiet("NewswakeSourceNotOk", source_is("delayed", "ok"), 40),
    Quiet("NewswakeSourceOverdue", polled_until(100), 30),
    Quiet("NewswakeSourceOverdue", polled_late(5), 30),
    Quiet("NewswakeSourceOverdue", simulated(polled_until(100)), 30),
    Quiet("NewswakeSourceOverdue", polled_until(3, condition="waiting"), 30),  # said by the rule before
    Quiet("NewswakeFallsBehind", behind(60_000, -600), 40),
    Quiet("NewswakeFallsBehind", behind(100, 200), 40),
    Quiet("NewswakeBatchesSlow", batch_of(0.9), 60),
    Quiet("NewswakeStateGrows", state_of(5 * GIB, -1_000_000), 240),
    Quiet("NewswakeStateGrows", state_of(3 * GIB, 1_000_000), 240),
    Quiet("NewswakeWatermarkStands", alive, 480),  # the watermark moves once an hour, from the start on
    Quiet("NewswakeWatermarkStands", clock_stands(rows=0), 480),
    Quiet("NewswakeRefused", refused(10), 40),
    Quiet("NewswakeRestarts", starts_again(3, until=9), 40),
)


def named(case: Fires | Quiet) -> str:
    return f"{case.alert}-{(*FIRES, *QUIET).index(case)}"


def every(minute: int) -> int:
    """Long lives are scraped less often."""
    return 1 if minute <= 100 else 5


def test_no_rule_is_without_both() -> None:
    assert {case.alert for case in FIRES} == {case.alert for case in QUIET} == set(rules())


@pytest.mark.parametrize("case", FIRES, ids=named)
def test_it_fires(case: Fires, tmp_path: Path) -> None:
    rule, step = rules()[case.alert], every(case.minute)
    given = series(case.life, range(0, case.minute + 1, step)) if case.labels else []  # else nothing is scraped at all
    annotations = {"summary": case.summary, "description": case.description or rule["annotations"]["description"]}
    fired = {"exp_labels": {**rule["labels"], **case.labels}, "exp_annotations": annotations}
    assert disagreement(tmp_path, case.alert, given, step, [Asked(case.minute, (fired,))]) == ""


def test_what_one_application_cannot_read_another_does_not_hide(tmp_path: Path) -> None:
    rule, minutes = rules()["NewswakeSourceNotOk"], range(31)
    other = series(alive, minutes, {**SCRAPED, "instance": "other:9809"})
    summary = "The source posts.a has not answered as it should for half an hour"
    fired = {
        "exp_labels": {**rule["labels"], "source": "posts.a", **SCRAPED},
        "exp_annotations": {**rule["annotations"], "summary": summary},
    }
    given = series(source_is("waiting", "stopped"), minutes) + other
    assert disagreement(tmp_path, "NewswakeSourceNotOk", given, 1, [Asked(30, (fired,))]) == ""


@pytest.mark.parametrize("case", QUIET, ids=named)
def test_it_stays_quiet(case: Quiet, tmp_path: Path) -> None:
    step = every(case.minute)
    minutes = range(0, case.minute + 1, step)
    asked = [Asked(minute) for minute in range(case.minute + 1)]
    assert disagreement(tmp_path, case.alert, series(case.life, minutes), step, asked) == ""
