"""What an engine tells, and the rates that are read from it."""

from __future__ import annotations

import pytest

from benchmarks.speed.engines.tell import Outcome, Teller, understood
from benchmarks.speed.results import spread


def test_the_outcome_is_understood_between_other_lines(capsys: pytest.CaptureFixture[str]) -> None:
    teller = Teller()
    teller.batch(10.0, 500)
    print("something else")
    teller.batch(12.0, 700)
    teller.outcome(3, 4.5)
    assert understood(capsys.readouterr().out) == Outcome(3, 4.5, [(10.0, 500), (12.0, 1_200)])


def test_no_outcome_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 outcomes"):
        understood("nothing\n")


def test_steady_leaves_the_first_third_out() -> None:
    slow_start = Outcome(0, 0.0, [(0.0, 100), (10.0, 400), (11.0, 800), (12.0, 1_200)])
    assert slow_start.steady() == pytest.approx(400)
    assert Outcome(0, 0.0, [(1.0, 10)]).steady() is None


def test_nothing_is_steady_where_one_batch_has_all() -> None:
    assert Outcome(0, 0.0, [(9.0, 1_200), (10.0, 1_200)]).steady() is None


def test_the_spread_names_the_median_and_the_ends() -> None:
    assert spread([1_000.0, 3_000.0, 2_000.0]) == "2,000 (1,000–3,000)"
    assert (spread([5.0]), spread([])) == ("5", "–")
