"""The simulated clock and its state."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from newswake.clock import ManualClock, to_ms
from newswake.errors import RecordingError
from producers.simulator.timeline import SavedState, StateFile, Timeline

REAL = datetime(2026, 6, 1, tzinfo=UTC)


class Stage:
    """A real clock and a stopwatch that a test moves together."""

    def __init__(self) -> None:
        self.real = ManualClock(REAL)
        self.seconds = 0.0

    def pass_seconds(self, seconds: float) -> None:
        self.real.advance(seconds)
        self.seconds += seconds

    def timeline(self, behind_seconds: float, speed: float, end: int | None = None) -> Timeline:
        return Timeline(to_ms(REAL) - int(behind_seconds * 1000), speed, end, self.real, lambda: self.seconds)


def test_it_runs_at_its_speed() -> None:
    stage = Stage()
    timeline = stage.timeline(86_400, 60)
    stage.pass_seconds(10)
    assert timeline.now() == to_ms(REAL) - 86_400_000 + 600_000
    assert timeline.answer() == {
        "now": timeline.now(), "speed": 60, "end": None, "ended": False, "simulated": True,
    }  # fmt: skip


def test_it_is_never_ahead_of_the_real_clock() -> None:
    stage = Stage()
    timeline = stage.timeline(100, 60)
    for _ in range(50):
        stage.pass_seconds(0.7)
        answer = timeline.answer()
        real = to_ms(stage.real.now())
        assert timeline.now() <= real
        # Who extrapolates for a second with the speed told is not ahead either.
        speed = answer["speed"]
        assert isinstance(speed, float | int)
        assert timeline.now() + 1000 * speed <= real + 1000
    assert timeline.now() == to_ms(stage.real.now()), "having caught up, it goes on at the pace of the real one"
    assert timeline.answer()["speed"] == 1.0


def test_it_does_not_go_back_with_the_real_clock() -> None:
    stage = Stage()
    timeline = stage.timeline(0, 60)
    before = timeline.now()
    stage.real.advance(-3600)
    assert timeline.now() == before


def test_it_stops_at_the_end() -> None:
    stage = Stage()
    timeline = stage.timeline(86_400, 60, end=to_ms(REAL) - 80_000_000)
    stage.pass_seconds(10_000)
    assert timeline.answer()["now"] == to_ms(REAL) - 80_000_000
    assert timeline.answer()["ended"] is True
    assert timeline.ahead(3) == to_ms(REAL) - 80_000_000


def test_what_is_saved_is_not_passed_before_the_next_save() -> None:
    stage = Stage()
    timeline = stage.timeline(86_400, 60)
    saved = timeline.ahead(3)
    stage.pass_seconds(2.9)
    assert timeline.now() <= saved
    resumed = Timeline(saved, 60, None, stage.real, lambda: stage.seconds)
    assert resumed.now() >= timeline.now()


def test_a_state_goes_on_where_it_stopped(tmp_path: Path) -> None:
    states = StateFile(tmp_path / "simulator")
    identity = {"seed": 1, "recording": "abc"}
    assert states.load(identity) is None
    states.save(SavedState(identity, 10, 20))
    assert states.load(identity) == SavedState(identity, 10, 20)
    for other in ({"seed": 2, "recording": "abc"}, {"seed": 1, "recording": "def"}):
        with pytest.raises(RecordingError, match="belongs to a simulation with another") as caught:
            states.load(other)
        assert ("seed" in str(caught.value)) == (other["seed"] == 2)


def test_a_broken_state_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{", encoding="utf-8")
    with pytest.raises(RecordingError, match="cannot be read"):
        StateFile(tmp_path).load({"seed": 1})
