"""The chaos runner itself, short and seeded: one life of the application, killed between its two sinks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.__main__ import Report, run
from tests.chaos.faults import FREEZE, KILL, Fault, Happened, plan
from tests.chaos.places import PLACES
from tests.chaos.verdict import Verdict

SEED = 4
RIGHT = Verdict("posts, Delta", rows=3, wrong=0, lost=0, double=0)


@pytest.mark.integration
@pytest.mark.timeout(900)  # the machine may be busy
def test_a_short_chaos_leaves_the_rows_right(tmp_path: Path) -> None:
    report = run(tmp_path / "home", rounds=1, seed=SEED, days=2, others=3)
    assert [one.recovered_after is not None for one in report.happened] == [True] * 4
    assert report.happened[-1].fault.place == PLACES[0]
    assert {verdict.table: (verdict.wrong, verdict.lost, verdict.double) for verdict in report.verdicts} == {
        f"{table}, {place}": (0, 0, 0)
        for table in ("posts", "candles", "post_prices", "dead_letters")
        for place in ("Delta", "MongoDB")
    }
    assert all(verdict.rows > 0 for verdict in report.verdicts)
    assert report.is_right


def test_a_plan_is_the_same_for_a_seed_and_has_every_kind() -> None:
    assert plan(1, 12) == plan(1, 12) != plan(2, 12)
    faults = [fault for faults in plan(1, 12) for fault in faults]
    for target in ("kafka", "mongod", "posts", "candles", "streaming"):
        assert {fault.what for fault in faults if fault.target == target} == {KILL, FREEZE}
    assert {fault.what for fault in faults if fault.target == "everything"} == {FREEZE}
    assert {fault.place for fault in faults} >= set(PLACES)


@pytest.mark.parametrize(
    "bad",
    [
        Report([], [RIGHT, Verdict("candles, Delta", rows=2, wrong=1, lost=0, double=0)], [], 0.0),
        Report([], [Verdict("candles, Delta", rows=2, wrong=0, lost=1, double=0)], [], 0.0),
        Report([], [Verdict("candles, Delta", rows=2, wrong=0, lost=0, double=1)], [], 0.0),
        Report([Happened(Fault("kafka", KILL), None)], [RIGHT], [], 0.0),
    ],
)
def test_whatever_is_not_right_is_a_failure(bad: Report) -> None:
    assert not bad.is_right
    assert Report([Happened(Fault("kafka", KILL), 1.5)], [RIGHT], [], 9.0).is_right
