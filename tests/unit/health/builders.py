"""Inputs of a healthy application, for tests that change one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from newswake.health.inputs import Application, Inputs, QueryState, RepairState, SourceState, TopicState
from newswake.health.report import Report, StateOperator

AT = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)
COINS = ("BTC", "ETH", "XRP")


def ago(**parts: float) -> datetime:
    return AT - timedelta(**parts)


def report(query: str = "post_prices", batch: int = 41, **changes: Any) -> Report:
    healthy = Report(
        query=query,
        run_id="run",
        batch_id=batch,
        at=ago(seconds=3),
        input_rows=120,
        input_rows_per_second=60.0,
        processed_rows_per_second=240.0,
        phases={"triggerExecution": 1.5, "addBatch": 1.2, "queryPlanning": 0.1, "walCommit": 0.1},
        sinks={"compute": 0.5, "mongodb": 0.2, "delta": 0.4},
        rows_written=30,
        watermark=ago(hours=7),
        states=(StateOperator("symmetricHashJoin", 12_000, 3_000_000, 0, 0),),
        read_to={"Binance": {"0": 50, "1": 40}},
        latest={"Binance": {"0": 50, "1": 40}},
    )
    return replace(healthy, **changes)


def query(name: str = "post_prices", **changes: Any) -> QueryState:
    healthy = QueryState(name, True, ago(hours=1), ago(seconds=3), {"Binance": 0}, {"Binance": 0.0})
    return replace(healthy, **changes)


def application(**changes: Any) -> Application:
    healthy = Application(
        seen_at=ago(seconds=2),
        started_at=ago(hours=1),
        state="running",
        host="here",
        source="live",
        coins=COINS,
        starts=(ago(hours=1),),
        queries=(query("candles"), query("post_prices")),
        topics=(TopicState("Binance", 90, ago(seconds=30)),),
    )
    return replace(healthy, **changes)


def inputs(**changes: Any) -> Inputs:
    """Live, everything as it should be. `changes` are fields of Inputs."""
    healthy = Inputs(
        at=AT,
        application=application(),
        reports={"candles": (report("candles", watermark=None, states=()),), "post_prices": (report(),)},
        candles=dict.fromkeys(COINS, ago(seconds=90)),
        sources=(
            SourceState(
                "candles.binance", "ok", "following 3 coins", ago(seconds=-20), ago(seconds=30), ago(seconds=30)
            ),
            SourceState("posts.rss.a.com", "ok", "is read", ago(seconds=-20), ago(seconds=30), ago(seconds=30)),
        ),
        repair=RepairState(ago(minutes=5), 3, 1),
    )
    return replace(healthy, **changes)
