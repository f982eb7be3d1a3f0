"""Each rule: what it takes for trouble, what it does not, and that it says the figure and what was expected."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswake.health.inputs import DeadLetters, Inputs, RepairState, ServiceState, SourceState
from newswake.health.levels import Health, Kind, Level
from newswake.health.rules import judge
from tests.unit.health.builders import AT, COINS, ago, application, inputs, query, report


def only(health: Health, kind: Kind, subject: str) -> tuple[Level, str]:
    (verdict,) = health.of(kind, subject)
    return verdict.level, verdict.says


def test_a_healthy_application_has_no_trouble() -> None:
    health = judge(inputs())
    assert health.level is Level.OK, health.as_json()
    assert health.now == AT
    assert not health.simulated


@pytest.mark.parametrize(
    ("changes", "level", "says"),
    [
        ({"seen_at": ago(seconds=42)}, Level.DOWN, "no sign of life for 42 s, expected < 15 s"),
        ({"seen_at": ago(seconds=14)}, Level.OK, "running for"),
        ({"state": "stopped", "seen_at": ago(hours=3)}, Level.DOWN, "stopped 3.0 h ago"),
        ({"state": "failed", "reason": "the disk is full"}, Level.DOWN, "the disk is full"),
        ({"state": "starting", "started_at": ago(minutes=9)}, Level.DEGRADED, "starting for 9 min, expected < 10 min"),
        ({"state": "starting", "started_at": ago(minutes=11)}, Level.DOWN, "starting for 11 min, expected < 10 min"),
        (
            {"starts": tuple(ago(minutes=m) for m in (8, 6, 4, 2)), "reason": "MongoDB does not answer"},
            Level.DEGRADED,
            "started 4 times in 10 min, expected < 4; it ended with: MongoDB does not answer",
        ),
        ({"starts": tuple(ago(minutes=m) for m in (18, 16, 4, 2))}, Level.OK, "running"),
    ],
)
def test_the_application(changes: dict[str, Any], level: Level, says: str) -> None:
    found = only(judge(inputs(application=application(**changes))), Kind.APPLICATION, "streaming")
    assert found[0] is level
    assert says in found[1]


def test_an_application_that_never_ran_is_said_and_a_database_that_is_away_is_not_blamed_on_it() -> None:
    assert "has never run" in only(judge(Inputs(AT)), Kind.APPLICATION, "streaming")[1]
    away = judge(Inputs(AT, services=(ServiceState("mongodb", False, "No MongoDB answers"),)))
    assert (away.level, away.of(Kind.APPLICATION)) == (Level.DOWN, [])


@pytest.mark.parametrize(
    ("state", "reports", "level", "says"),
    [
        ({"active": False}, (report(),), Level.DOWN, "has ended"),
        ({"active": False, "failed": True}, (report(),), Level.DOWN, "has failed"),
        # Three times the ten seconds after which Spark would at least say that there is nothing to do.
        ({"heard_at": ago(seconds=31)}, (report(),), Level.DOWN, "progress for 31 s, expected < 30 s"),
        ({"heard_at": ago(seconds=29)}, (report(),), Level.OK, "batch 41 took 1.5 s"),
        # Batches of 20 s: three of them may pass.
        ({"heard_at": ago(seconds=59)}, (report(phases={"triggerExecution": 20.0}),), Level.OK, "took 20 s"),
        ({"heard_at": ago(seconds=61)}, (report(phases={"triggerExecution": 20.0}),), Level.DOWN, "expected < 60 s"),
        # A batch that is longer than those before it, and is worked on.
        (
            {"heard_at": ago(seconds=95), "worked_at": ago(seconds=29)},
            (report(phases={"triggerExecution": 2.0}),),
            Level.DEGRADED,
            "a batch takes 95 s so far, expected < 30 s; its tasks go on",
        ),
        (
            {"heard_at": ago(seconds=95), "worked_at": ago(seconds=31)},
            (report(phases={"triggerExecution": 2.0}),),
            Level.DOWN,
            "active without progress for 31 s, expected < 30 s",
        ),
        ({"heard_at": ago(seconds=31), "worked_at": ago(minutes=9)}, (report(),), Level.DOWN, "progress for 31 s"),
        ({"heard_at": ago(seconds=3), "worked_at": ago(minutes=9)}, (report(),), Level.OK, "batch 41 took 1.5 s"),
        (
            {"heard_at": None, "started_at": ago(minutes=9), "worked_at": ago(minutes=1)},
            (),
            Level.DEGRADED,
            "a batch takes 9 min so far, expected < 5 min",
        ),
        ({"heard_at": None, "started_at": ago(minutes=4)}, (), Level.OK, "no batch yet"),
        ({"heard_at": None, "started_at": ago(minutes=6)}, (), Level.DOWN, "active without progress for 6 min"),
        (
            {"seconds_behind": {"Binance": 300.0, "CryptoPanic": 1.0}, "messages_behind": {"Binance": 70}},
            (report(),),
            Level.DEGRADED,
            "5 min behind the topic Binance, expected < 2 min; 70 messages to read",
        ),
        (
            {"seconds_behind": {}, "messages_behind": {"Binance": 10_001}},
            (report(),),
            Level.DEGRADED,
            "10,001 messages behind, expected < 10,000",
        ),
        ({}, (report(watermark=ago(hours=10)),), Level.DEGRADED, "watermark 10 h old, expected < 9.0 h"),
        ({}, (report(watermark=None), report(watermark=ago(hours=10))), Level.DEGRADED, "watermark 10 h old"),
    ],
)
def test_a_query(state: dict[str, Any], reports: Any, level: Level, says: str) -> None:
    told = application(queries=(query("post_prices", **state),))
    found = only(judge(inputs(application=told, reports={"post_prices": reports})), Kind.QUERY, "post_prices")
    assert found[0] is level, found
    assert says in found[1]


def test_a_query_that_waits_for_the_broker_is_no_reason_to_start_anew() -> None:
    waits = query("post_prices", heard_at=ago(seconds=44))
    health = judge(inputs(application=application(queries=(waits,), kafka_error="no broker answers")))
    assert only(health, Kind.QUERY, "post_prices") == (
        Level.DEGRADED,
        "active without progress for 44 s, expected < 30 s; it waits for the broker",
    )
    assert only(health, Kind.SERVICE, "kafka")[0] is Level.DOWN
    ended = judge(inputs(application=application(queries=(query(active=False),), kafka_error="no broker answers")))
    assert only(ended, Kind.QUERY, "post_prices")[0] is Level.DOWN


def test_with_once_a_query_ends_when_it_has_read_what_was_there_and_a_failed_one_is_down_all_the_same() -> None:
    queries = (query("candles", active=False), query("post_prices", active=False, failed=True), query("posts"))
    health = judge(inputs(application=application(queries=queries, once=True)))
    assert only(health, Kind.QUERY, "candles") == (Level.OK, "the query has ended without an error")
    assert only(health, Kind.QUERY, "post_prices") == (Level.DOWN, "the query has failed")
    assert only(health, Kind.QUERY, "posts")[0] is Level.OK


def test_of_a_stopped_application_no_query_is_judged() -> None:
    health = judge(inputs(application=application(state="stopped")))
    assert not health.of(Kind.QUERY)
    assert not health.of(Kind.REPAIR)


@pytest.mark.parametrize(
    ("age", "level", "says"),
    [
        (timedelta(seconds=119), Level.OK, "candles 119 s old, expected < 2 min"),
        (timedelta(minutes=4), Level.DEGRADED, "candles 4 min old, expected < 2 min"),
        (timedelta(minutes=21), Level.DOWN, "candles 21 min old"),
    ],
)
def test_the_candles_of_all_coins(age: timedelta, level: Level, says: str) -> None:
    health = judge(inputs(candles=dict.fromkeys(COINS, AT - age - timedelta(minutes=1))))
    assert only(health, Kind.CANDLES, "candles") == (
        level,
        says if says.endswith("2 min") else f"{says}, expected < 2 min",
    )
    assert not health.of(Kind.CANDLES, "BTC"), "trouble of all coins is not said of each"


def test_freshness_is_judged_by_coin_and_a_delisted_one_is_not_red() -> None:
    fresh = ago(seconds=90)
    health = judge(inputs(candles={"BTC": fresh, "ETH": fresh - timedelta(minutes=14), "XRP": ago(days=3)}))
    assert only(health, Kind.CANDLES, "candles")[0] is Level.OK
    assert only(health, Kind.CANDLES, "ETH") == (Level.DEGRADED, "14 min behind the other coins, expected < 2 min")
    level, says = only(health, Kind.CANDLES, "XRP")
    assert level is Level.OK
    assert "not traded any more" in says
    assert judge(inputs(candles={"BTC": fresh, "ETH": fresh, "XRP": ago(days=3)})).level is Level.OK
    assert (
        "without any candle: XRP" in only(judge(inputs(candles={"BTC": fresh, "ETH": fresh})), Kind.CANDLES, "coins")[1]
    )


def test_simulated_data_are_judged_by_the_simulators_clock_and_without_it_by_the_newest_candle() -> None:
    simulated_now = ago(days=40)
    told = application(source="simulated", speed=60.0, clock_now=simulated_now)
    minutes = dict.fromkeys(COINS, simulated_now - timedelta(minutes=30))
    fresh = judge(inputs(application=told, candles=minutes))
    assert (fresh.now, fresh.simulated) == (simulated_now, True)
    # At 60x a message may take 20 s, which are 20 minutes of its time.
    assert only(fresh, Kind.CANDLES, "candles") == (Level.DEGRADED, "candles 29 min old, expected < 22 min")
    gone = judge(inputs(application=replace(told, seen_at=ago(minutes=2)), candles=minutes))
    assert gone.now == simulated_now - timedelta(minutes=29)
    replayed = judge(inputs(application=application(source="recording"), candles=minutes, sources=()))
    assert replayed.now == simulated_now - timedelta(minutes=29)


def test_producers_of_another_home_show_that_data_are_live() -> None:
    assert judge(inputs(application=application(source=""))).now == AT
    old_clock = tuple(replace(one, last_ok_at=ago(days=9)) for one in inputs().sources)
    assert judge(inputs(application=application(source=""), sources=old_clock)).now == ago(seconds=30)


def test_sources() -> None:
    waiting = SourceState("posts.rss.a.com", "waiting", "HTTP 429", ago(minutes=-7))
    silent = SourceState("candles.binance", "ok", "following 3 coins", ago(minutes=6))
    fine = SourceState("posts.cryptopanic", "delayed", "its posts are 24 h old")
    health = judge(inputs(sources=(waiting, silent, fine)))
    assert only(health, Kind.SOURCE, "posts.rss.a.com") == (
        Level.DEGRADED,
        "waiting: HTTP 429, next try 2026-03-02 12:07",
    )
    assert "its next poll was due 6 min ago, expected < 5 min" in only(health, Kind.SOURCE, "candles.binance")[1]
    assert only(health, Kind.SOURCE, "posts.cryptopanic")[0] is Level.OK
    assert only(health, Kind.SOURCE, "candles") == (Level.DOWN, "no source of candles works")
    assert not health.of(Kind.SOURCE, "posts"), "one of two works"


def test_repairs_services_and_dead_letters() -> None:
    late = judge(inputs(repair=RepairState(ago(minutes=31), 0, 0)))
    assert only(late, Kind.REPAIR, "repair") == (Level.DEGRADED, "the last repair ended 31 min ago, expected < 30 min")
    assert only(
        judge(inputs(repair=RepairState(ago(minutes=31), 0, 0), application=application(once=True))),
        Kind.REPAIR,
        "repair",
    ) == (Level.OK, "the last repair ended 31 min ago: 0 priced, 0 stated as missing"), "it comes at the end"
    young = judge(inputs(repair=RepairState(ago(hours=9), 0, 0), application=application(started_at=ago(minutes=1))))
    assert only(young, Kind.REPAIR, "repair")[0] is Level.OK, "the first repair of this start is not late yet"
    refused = judge(inputs(dead_letters=DeadLetters(900, 10, "not JSON")))
    assert only(refused, Kind.DEAD_LETTERS, "dead letters") == (
        Level.DEGRADED,
        "10 messages refused in 15 min, expected < 10; the newest: not JSON",
    )
    assert judge(inputs(dead_letters=DeadLetters(900, 9, "not JSON"))).level is Level.OK
    broker = judge(
        inputs(
            application=application(kafka_error="no broker answers"), services=(ServiceState("kafka", True, "answers"),)
        )
    )
    assert only(broker, Kind.SERVICE, "kafka") == (Level.DOWN, "the application cannot use it: no broker answers")


@pytest.mark.parametrize(
    ("changes", "answers", "level", "says"),
    [
        ({}, False, Level.OK, "the application reads it; from here: No broker answers"),
        ({"kafka_error": "timed out"}, True, Level.DOWN, "the application cannot use it: timed out"),
        # It has not looked yet, it is down, or its word is old: then ours is the only one.
        ({"topics": ()}, False, Level.DOWN, "No broker answers"),
        ({"state": "stopped"}, False, Level.DOWN, "No broker answers"),
        ({"seen_at": ago(seconds=16)}, False, Level.DOWN, "No broker answers"),
        ({"seen_at": ago(seconds=16), "kafka_error": "timed out"}, True, Level.OK, "answers"),
    ],
)
def test_of_the_broker_a_fresh_word_of_the_application_counts_more_than_our_own_try(
    changes: dict[str, Any], answers: bool, level: Level, says: str
) -> None:
    ours = ServiceState("kafka", answers, "answers" if answers else "No broker answers")
    health = judge(inputs(application=application(**changes), services=(ours,)))
    assert only(health, Kind.SERVICE, "kafka") == (level, says)


@given(
    seen=st.integers(0, 100),
    heard=st.integers(0, 200),
    candle=st.integers(-100, 10_000),
    active=st.booleans(),
    condition=st.sampled_from(["ok", "delayed", "waiting", "stopped"]),
)
def test_the_whole_is_as_bad_as_its_worst_part_which_comes_first(
    seen: int, heard: int, candle: int, active: bool, condition: str
) -> None:
    told = application(
        seen_at=ago(seconds=seen), queries=(query("candles", active=active, heard_at=ago(seconds=heard)),)
    )
    sources = (SourceState("posts.a", condition, "why"), SourceState("posts.b", "ok", "is read"))
    health = judge(inputs(application=told, candles={"BTC": ago(seconds=candle)}, sources=sources))
    levels = [one.level for one in health.verdicts]
    assert levels == sorted(levels, reverse=True)
    assert health.level is levels[0]
    assert all(one.says and "\n" not in one.says for one in health.verdicts)
    assert health.as_json()["level"] == str(health.level)
