from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.bootstrap import REACH, band, resampled
from analysis.frames import Period
from analysis.grid import grid_of
from analysis.random_times import moved
from tests.unit.analysis.made import after, candle_frame, candles

grouped = st.lists(st.tuples(st.integers(0, 6), st.floats(-1, 1)), min_size=1, max_size=30)


def dense(groups: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Groups numbered from 0 without a hole."""
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


@given(grouped, st.integers(0, 5))
def test_draws_are_those_of_plain_loops(pairs: list[tuple[int, float]], seed: int) -> None:
    values, groups = np.array([value for _, value in pairs]), dense([group for group, _ in pairs])
    number = int(groups.max()) + 1
    found = resampled(values, groups, 20, np.random.default_rng(seed))
    samples = np.random.default_rng(seed).integers(0, number, (20, number))
    for sample, mean, median, size in zip(samples, found.means, found.medians, found.sizes, strict=True):
        drawn = [value for group in sample for value in values[groups == group]]
        assert mean == pytest.approx(np.mean(drawn), abs=1e-12)
        assert median == pytest.approx(np.median(drawn), abs=1e-12)
        assert size == pytest.approx(np.mean(np.abs(drawn)), abs=1e-12)


@pytest.mark.parametrize("reach", [REACH, 0.0], ids=["near the middle", "anywhere"])
def test_medians_of_many_values(monkeypatch: pytest.MonkeyPatch, reach: float) -> None:
    monkeypatch.setattr("analysis.bootstrap.REACH", reach)
    generator = np.random.default_rng(4)
    values, groups = generator.normal(0, 1, 900), dense(generator.integers(0, 500, 900).tolist())
    number = int(groups.max()) + 1
    found = resampled(values, groups, 20, np.random.default_rng(1))
    for sample, median in zip(np.random.default_rng(1).integers(0, number, (20, number)), found.medians, strict=True):
        assert median == np.median(np.concatenate([values[groups == group] for group in sample]))


def test_portions_give_as_many_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.bootstrap.CELLS_AT_ONCE", 7)
    found = resampled(np.array([1.0, 2.0, 3.0]), np.arange(3), 25, np.random.default_rng(1))
    assert found.means.size == found.medians.size == found.sizes.size == 25


def test_copies_of_a_story_tell_nothing_new() -> None:
    """Ten posts of each story give the band of one of each; drawn as if apart they would give a narrower one."""
    values = np.random.default_rng(3).normal(0, 1, 40)
    one = band(resampled(values, np.arange(40), 4_000, np.random.default_rng(1)).means)
    many = band(resampled(np.repeat(values, 10), np.repeat(np.arange(40), 10), 4_000, np.random.default_rng(1)).means)
    apart = band(resampled(np.repeat(values, 10), np.arange(400), 4_000, np.random.default_rng(1)).means)
    assert (many.low, many.high) == pytest.approx((one.low, one.high))
    assert apart.high - apart.low < (one.high - one.low) / 2


def test_the_band_of_a_mean_is_that_of_the_theory() -> None:
    values = np.random.default_rng(5).normal(0, 1, 400)
    found = band(resampled(values, np.arange(400), 4_000, np.random.default_rng(1)).means)
    reach = 1.96 * values.std() / 20
    assert (found.low, found.high) == pytest.approx((values.mean() - reach, values.mean() + reach), abs=0.01)


prices = st.lists(st.none() | st.floats(1, 100), min_size=20, max_size=60)


@given(prices, prices, st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=1, max_size=8))
def test_random_times_are_those_of_plain_loops(
    one: list[float | None], other: list[float | None], posts: list[tuple[int, int]]
) -> None:
    rows = [*candles(one, "BTC"), *candles(other, "ETH")]
    frame, horizon, length = candle_frame(rows), 5, 21
    offsets = np.array([0, 1, 7, 20, 21, 100])
    coins, minutes = np.array([coin for coin, _ in posts]), np.array([minute for _, minute in posts])
    start = int(after(0).timestamp()) // 60
    found = moved(
        (grid_of(frame, "BTC"), grid_of(frame, "ETH")),
        coins,
        minutes + start,
        horizon,
        Period(after(0), after(20)),
        offsets,
    )
    closes = [dict(enumerate(series, start=1)) for series in (one, other)]  # by the minute of the close
    means, medians, sizes = [], [], []
    for offset in offsets.tolist():
        pairs = [(closes[coin], (minute + offset) % length) for coin, minute in posts]
        ends = [(series.get(minute), series.get(minute + horizon)) for series, minute in pairs]
        changes = [end / begin - 1 for begin, end in ends if begin is not None and end is not None]
        if changes:
            means.append(np.mean(changes))
            medians.append(np.median(changes))
            sizes.append(np.mean(np.abs(changes)))
    if found is None:
        assert not means
        return
    assert found.draws == len(means)
    expected = (np.mean(means), np.mean(medians), np.mean(sizes))
    assert (found.mean, found.median, found.size) == pytest.approx(expected)
    low, high = np.quantile(means, [0.025, 0.975])
    assert (found.mean_band.low, found.mean_band.high) == pytest.approx((low, high))


def test_random_times_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = candle_frame(candles([float(1 + i % 7) for i in range(100)]))
    start = int(after(0).timestamp()) // 60
    minutes, offsets = np.arange(start, start + 30), np.random.default_rng(1).integers(0, 1_000, 50)

    def drawn() -> object:
        return moved((grid_of(frame, "BTC"),), np.zeros(30, int), minutes, 5, Period(after(0), after(60)), offsets)

    whole = drawn()
    monkeypatch.setattr("analysis.random_times.CELLS_AT_ONCE", 100)
    assert drawn() == whole
