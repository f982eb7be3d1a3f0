"""What the terminal shows: it fits, it names what is wrong first, and works without an application or a database."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from newswake.health.inputs import DeadLetters, Inputs, ServiceState, SourceState
from newswake.health.report import StateOperator
from newswake.health.rules import judge
from streaming.monitor.as_json import as_json
from streaming.monitor.drawing import short, sparkline, widths
from streaming.monitor.phases import PARTS, parts_of
from streaming.monitor.view import view
from tests.unit.health.builders import AT, ago, application, inputs, query, report

WIDTH = 100


def shown(found: Inputs, width: int = WIDTH) -> list[str]:
    console = Console(width=width, file=io.StringIO(), color_system=None, record=True)
    console.print(view(found, judge(found)))
    return console.export_text().splitlines()


def test_a_healthy_application_in_a_hundred_columns() -> None:
    lines = shown(inputs(dead_letters=DeadLetters(3, 0)))
    assert max(map(len, lines)) <= WIDTH
    text = "\n".join(lines)
    assert "HEALTHY" in lines[1]
    (row,) = [line for line in lines if "post_prices" in line]
    assert row.split()[:5] == ["●", "post_prices", "41", "1.5", "s"]
    assert row.count("█") >= 14, "the bar"
    assert row.split()[-10:] == ["0", "msg", "0", "s", "7.0", "h", "12k", "3.0", "MB", "0"]
    for said in ("everything is as expected", "candles.binance", "newest word 30 s old", "3 messages refused so far"):
        assert said in text


@pytest.mark.parametrize("once", [True, False])
def test_a_query_that_has_ended_does_not_look_as_if_it_ran(once: bool) -> None:
    told = application(queries=(query("candles"), query("post_prices", active=False)), once=once)
    found = inputs(application=told, reports={"candles": (report("candles"),), "post_prices": (report(),)})
    rows = {line.split()[1]: line for line in shown(found) if "1.5 s" in line}
    assert "ended" in rows["post_prices"] and "█" * 5 not in rows["post_prices"]
    assert "ended" not in rows["candles"] and "█" * 5 in rows["candles"]
    assert rows["post_prices"].split()[0] == ("●" if once else "✖")
    queries = as_json(found, judge(found))["queries"]
    assert [queries[name]["active"] for name in ("candles", "post_prices")] == [True, False]


def test_trouble_comes_before_what_is_well_and_the_worst_first() -> None:
    told = application(
        queries=(query("post_prices", active=False), query("candles", seconds_behind={"Binance": 600.0}))
    )
    lines = shown(inputs(application=told))
    where = {
        said: next(number for number, line in enumerate(lines) if said in line)
        for said in ("DOWN", "the query has ended", "10 min behind the topic", "following 3 coins")
    }
    assert list(where) == sorted(where, key=lambda said: where[said])


def test_it_works_while_the_application_is_down_and_says_so() -> None:
    stopped = application(state="stopped", seen_at=ago(hours=2))
    assert "stopped 2.0 h ago" in shown(inputs(application=stopped))[1]
    failed = application(state="failed", reason="the disk is full", seen_at=ago(minutes=3))
    assert "failed 3 min ago: the disk is full" in shown(inputs(application=failed))[1]
    never = shown(Inputs(AT))
    assert "has never run" in never[1]
    assert any("everything else that is known is as expected" in line for line in never)
    away = shown(Inputs(AT, services=(ServiceState("mongodb", False, "No MongoDB answers at the address"),)))
    assert any("No MongoDB answers" in line for line in away)


@pytest.mark.parametrize("state", ["stopped", "running"])
def test_figures_of_an_application_that_is_down_are_old_and_how_far_behind_is_counted_now(state: str) -> None:
    told = application(state=state, seen_at=ago(hours=6))
    old = {"post_prices": (report(at=ago(hours=6)),)}
    counted = inputs(application=told, reports=old, unread={"post_prices": {"Binance": 400, "CryptoPanic": 21}})
    (row,) = [line for line in shown(counted) if "post_prices" in line]
    assert "6.0 h ago" in row and "421 msg" in row and "█" not in row.replace("240 █", "")
    text = "\n".join(shown(counted))
    assert "last batch" in text and "grey: the application's last word; behind: counted now" in text
    assert "newest word" not in text, "of the topics, which have gone on"

    body = as_json(counted, judge(counted))
    prices, candles = body["queries"]["post_prices"], body["queries"]["candles"]
    assert body["application"]["heard"] is False
    assert (prices["messages_behind"], prices["messages_behind_at"]) == (421, "2026-03-02T12:00:30Z")
    assert (candles["messages_behind"], candles["messages_behind_at"]) == (0, "2026-03-02T06:00:30Z")
    assert (prices["old"], prices["seconds_behind"]) == (True, {})

    styles = styles_of(counted)
    assert ("421 msg", "dim") not in styles
    assert {("240", "dim"), ("1.5 s", "dim")} <= styles
    away = inputs(application=told, reports=old)
    assert ("0 msg", "dim") in styles_of(away), "the broker does not answer: the last word, as such"
    assert not any("counted now" in line for line in shown(away))


def test_what_a_former_run_left_is_not_taken_for_the_word_of_one_that_starts() -> None:
    told = application(state="starting", started_at=ago(seconds=40), queries=(query(started_at=ago(seconds=9)),))
    told = replace(told, queries=tuple(replace(one, messages_behind={}, seconds_behind={}) for one in told.queries))
    started = inputs(application=told, reports={"post_prices": (report(at=ago(hours=8)),)})
    (row,) = [line for line in shown(started) if "post_prices" in line]
    assert "8.0 h ago" in row and "? msg" in row
    assert ("240", "dim") in styles_of(started)
    prices = as_json(started, judge(started))["queries"]["post_prices"]
    assert (prices["old"], prices["messages_behind"], prices["messages_behind_at"]) == (True, None, None)
    counted = replace(started, unread={"post_prices": {"Binance": 7_000}})
    prices = as_json(counted, judge(counted))["queries"]["post_prices"]
    assert (prices["messages_behind"], prices["messages_behind_at"]) == (7_000, "2026-03-02T12:00:30Z")


def styles_of(found: Inputs) -> set[tuple[str, str]]:
    """(what stands there, its style) of each piece."""
    console = Console(width=WIDTH, file=io.StringIO(), force_terminal=True)
    return {(piece.text.strip(), str(piece.style)) for piece in console.render(view(found, judge(found)))}


def test_late_rows_say_since_when_they_are_counted() -> None:
    late = report(states=(StateOperator("symmetricHashJoin", 1, 1, 0, 7),))
    batches = inputs(reports={"post_prices": (late, replace(late, at=ago(minutes=9)))})
    assert any("late: rows later than the watermark in the last 2 batches" in line for line in shown(batches))
    prices = as_json(batches, judge(batches))["queries"]["post_prices"]
    assert (prices["late_rows"], prices["late_rows_since"]) == (14, "2026-03-02T11:51:30Z")
    total = replace(batches, late_rows={"post_prices": 900})
    (row,) = [line for line in shown(total) if "post_prices" in line]
    assert row.split()[-1] == "900"
    assert any("late: rows later than the watermark since the start" in line for line in shown(total))
    prices = as_json(total, judge(total))["queries"]["post_prices"]
    assert (prices["late_rows"], prices["late_rows_since"]) == (900, "2026-03-02T11:00:30Z")
    assert not any("late: rows" in line for line in shown(inputs()))


def test_the_sparkline_is_of_the_rates_where_only_the_newest_batch_is_known() -> None:
    (row,) = [line for line in shown(inputs(rates={"post_prices": (1.0, 4.0, 8.0)})) if "post_prices" in line]
    assert "▁▄█" in row


def test_simulated_data_say_so_and_a_new_start_says_why_the_last_one_ended() -> None:
    told = application(source="simulated", speed=60.0, clock_now=AT, reason="MongoDB does not answer")
    head = "\n".join(shown(inputs(application=told))[:5])
    assert "SIMULATED 60x" in head
    assert "last time it ended with: MongoDB does not answer" in head


@settings(deadline=None)
@given(
    rate=st.floats(0, 1e12),
    rows=st.integers(0, 10**13),
    batch=st.integers(0, 10**6),
    behind=st.floats(0, 1e7),
    count=st.integers(0, 10**12),
    reason=st.text(max_size=400),
)
def test_nothing_is_too_wide(rate: float, rows: int, batch: int, behind: float, count: int, reason: str) -> None:
    state = query("post_prices", seconds_behind={"Binance": behind}, messages_behind={"Binance": count})
    newest = report(batch=batch, processed_rows_per_second=rate, phases={"triggerExecution": behind})
    found = inputs(
        application=application(queries=(state,)),
        reports={"post_prices": (newest,)},
        sources=(SourceState("posts.a", "waiting", reason),),
        dead_letters=DeadLetters(rows, 0),
    )
    lines = shown(found)
    assert max(map(cell_len, lines)) <= WIDTH
    assert all(character.isprintable() for line in lines for character in line), "nothing moves the cursor"


def test_the_parts_of_a_batch_are_the_whole_of_it() -> None:
    parts = parts_of(report())
    assert list(parts) == list(PARTS)
    assert sum(parts.values()) == pytest.approx(1.5)
    assert parts["other"] == pytest.approx(0.2)
    assert (parts["log"], parts["delta"]) == (0.1, 0.4)


@given(st.dictionaries(st.sampled_from(PARTS), st.floats(0, 1e6), min_size=1), st.integers(1, 60))
def test_a_bar_is_as_wide_as_asked_and_true_to_a_character(parts: dict[str, float], width: int) -> None:
    found = widths(parts, width)
    total = sum(parts.values())
    assert sum(found.values()) == (width if total > 0 else 0)
    for name, value in parts.items():
        if total > 0:
            assert abs(found[name] - width * value / total) < 1 + 1e-9


@given(st.lists(st.floats(0, 1e9), max_size=30), st.integers(1, 12))
def test_a_sparkline_rises_with_its_values(values: list[float], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) == min(len(values), width)
    pairs = sorted(zip(values[-width:], line, strict=True))
    assert [block for _, block in pairs] == sorted(block for _, block in pairs)


@given(st.floats(0, 9e11))
def test_a_short_number_is_short_and_near(number: float) -> None:
    text = short(number)
    assert len(text) <= 5
    scale = {"k": 1e3, "M": 1e6, "G": 1e9}.get(text[-1], 1.0)
    assert float(text.rstrip("kMG")) * scale == pytest.approx(number, rel=0.06, abs=0.5)


def test_the_json_has_the_verdicts_and_the_figures_behind_them() -> None:
    found = inputs(dead_letters=DeadLetters(3, 0))
    body = json.loads(json.dumps(as_json(found, judge(found))))
    assert (body["level"], body["dead_letters"], body["application"]["state"]) == ("ok", 3, "running")
    prices = body["queries"]["post_prices"]
    assert (prices["batch"], prices["seconds"], prices["state_rows"]) == (41, 1.5, 12_000)
    assert (prices["messages_behind"], prices["seconds_behind"]) == (0, {"Binance": 0.0})
    assert prices["parts"] == {"plan": 0.1, "compute": 0.5, "mongodb": 0.2, "delta": 0.4, "log": 0.1, "other": 0.2}
    assert body["topics"] == {
        "Binance": {"messages": 90, "newest": (AT - timedelta(seconds=30)).isoformat()[:-6] + "Z"}
    }
