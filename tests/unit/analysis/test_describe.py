from __future__ import annotations

import statistics
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.correlation import correlation
from analysis.describe import Description, describe, describe_candles
from analysis.histogram import histogram
from analysis.returns import one_minute_returns
from tests.unit.analysis.made import after, candle, candle_frame, candles, closes_with_gaps


def of_polars(values: pl.Series) -> list[float | None]:
    table = values.to_frame("value").describe(interpolation="linear")
    of = dict(table.iter_rows())
    return [of[name] for name in ("count", "mean", "std", "min", "25%", "50%", "75%", "max")]


@settings(max_examples=40)
@example(numbers=[715827883.4375, 715827883.421875, 715827883.375])
@given(st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1))
def test_describe_is_that_of_polars_and_numpy(numbers: list[float | None]) -> None:
    values = pl.Series("value", numbers, dtype=pl.Float64)
    found = describe(values)
    known = [number for number in numbers if number is not None]
    # Where all numbers are large and close, a deviation keeps only some of their digits.
    digits_lost = 1e-14 * max(map(abs, known), default=0.0)
    wanted = pytest.approx(of_polars(values), abs=max(1e-12, digits_lost))
    assert [getattr(found, name) for name in Description.__dataclass_fields__] == wanted
    if known:
        quartiles = tuple(np.percentile(known, [25, 50, 75]))
        assert (found.q25, found.median, found.q75) == pytest.approx(quartiles, abs=1e-6)
    if len(known) > 1:
        assert found.std == pytest.approx(statistics.stdev(known), rel=1e-6, abs=1e-6)


def test_nothing_is_described_as_nothing() -> None:
    assert describe(pl.Series([], dtype=pl.Float64)) == Description(0, None, None, None, None, None, None, None)


@settings(max_examples=40)
@given(closes_with_gaps)
def test_returns_only_across_consecutive_minutes(closes: list[float | None]) -> None:
    found = one_minute_returns(candle_frame(candles(closes)))
    expected = [
        (after(i + 2), this / before - 1)
        for i, (before, this) in enumerate(pairwise(closes))
        if before is not None and this is not None
    ]
    assert list(found.select("close_time", "value").iter_rows()) == expected


def test_coins_do_not_meet() -> None:
    found = one_minute_returns(candle_frame([candle(0, 1.0, "BTC"), candle(1, 2.0, "ETH")]))
    assert found.is_empty()


def test_a_return_from_or_to_a_carried_minute_says_so() -> None:
    rows = [candle(0, 1.0), candle(1, 1.0, filled=True), candle(2, 2.0), candle(3, 2.0)]
    assert one_minute_returns(candle_frame(rows))["filled"].to_list() == [True, True, False]


def test_candles_of_a_coin() -> None:
    rows = [candle(0, 2.0, volume=5.0), candle(1, 3.0, high=4.0, volume=7.0), candle(9, 1.0, volume=0.0)]
    found = describe_candles(candle_frame(rows))
    assert set(found) == {"open", "high", "low", "close", "volume", "return"}
    assert (found["high"].max, found["volume"].mean, found["close"].median) == (4.0, 4.0, 2.0)
    assert (found["return"].count, found["return"].mean, found["return"].std) == (1, 0.5, None)


def test_several_coins_are_not_described_together() -> None:
    with pytest.raises(ValueError, match="expected the candles of one coin, was BTC, ETH"):
        describe_candles(candle_frame([candle(0, 1.0, "ETH"), candle(0, 1.0, "BTC")]))


@settings(max_examples=40)
@given(st.lists(st.floats(-0.5, 0.5), min_size=1))
def test_every_return_is_counted_once(numbers: list[float]) -> None:
    found = histogram(pl.Series(numbers))
    assert found.below + sum(found.counts) + found.above == len(numbers)
    assert found.edges[0] == -found.edges[-1]
    for number, (low, high) in zip(found.counts, pairwise(found.edges), strict=True):
        last = high == found.edges[-1]
        assert number == sum(low <= value < high or (last and value == high) for value in numbers)


def test_extremes_are_counted_but_not_drawn() -> None:
    found = histogram(pl.Series([0.001] * 500 + [-0.001] * 500 + [0.9, -0.8, 0.7]))
    assert (found.below, found.above) == (1, 2)
    assert found.edges[-1] < 0.002


def test_a_histogram_of_nothing() -> None:
    assert histogram(pl.Series([None], dtype=pl.Float64)).counts == ()


@settings(max_examples=40)
@given(closes_with_gaps, closes_with_gaps)
def test_correlation_is_that_of_numpy_on_common_minutes(one: list[float | None], other: list[float | None]) -> None:
    found = correlation(candle_frame([*candles(one, "BTC"), *candles(other, "ETH")]))

    def returns(closes: list[float | None]) -> dict[int, float]:
        pairs = enumerate(pairwise(closes))
        return {i: b / a - 1 for i, (a, b) in pairs if a is not None and b is not None}

    left, right = returns(one), returns(other)
    common = sorted(left.keys() & right.keys())
    if found.symbols != ("BTC", "ETH"):
        assert not (left and right)
        return
    assert found.minutes == ((len(left), len(common)), (len(common), len(right)))
    assert found.coefficients[0][1] == found.coefficients[1][0]
    pair = np.array([[left[i] for i in common], [right[i] for i in common]])
    if len(common) > 1 and all(np.ptp(row) > 1e-6 for row in pair):
        assert found.coefficients[0][1] == pytest.approx(np.corrcoef(pair)[0, 1], abs=1e-9)


def test_a_coin_that_does_not_move_goes_with_none() -> None:
    found = correlation(candle_frame([*candles([1.0, 2.0, 1.0], "BTC"), *candles([5.0, 5.0, 5.0], "USDC")]))
    assert found.coefficients == ((1.0, None), (None, None))
