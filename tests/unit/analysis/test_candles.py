from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.candles import INTERVALS, by_interval
from tests.unit.analysis.made import Row, after, candle, candle_frame

minutes = st.lists(
    st.builds(
        candle,
        st.integers(0, 3_000),
        st.floats(1, 100),
        symbol=st.sampled_from(["BTC", "ETH"]),
        filled=st.booleans(),
        open=st.floats(1, 100),
        high=st.floats(100, 200),
        low=st.floats(0.1, 1),
        volume=st.floats(0, 1e6),
    ),
    max_size=60,
    unique_by=lambda row: (row["symbol"], row["open_time"]),
)


def bars(rows: list[Row], length: int) -> list[Row]:
    """The same in plain Python."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["symbol"], row["open_time"])):
        start = int(row["open_time"].timestamp()) // (60 * length) * (60 * length)
        groups.setdefault((row["symbol"], start), []).append(row)
    return [
        {
            "symbol": symbol,
            "open_time": datetime.fromtimestamp(start, UTC),
            "open": group[0]["open"],
            "high": max(row["high"] for row in group),
            "low": min(row["low"] for row in group),
            "close": group[-1]["close"],
            "volume": pytest.approx(sum(row["volume"] for row in group)),
            "minutes": len(group),
            "filled_minutes": sum(row["filled"] for row in group),
            "complete": len(group) == length,
        }
        for (symbol, start), group in groups.items()
    ]


@settings(max_examples=40)
@given(minutes, st.sampled_from(sorted(INTERVALS)))
def test_bars_are_those_of_plain_python(rows: list[Row], interval: str) -> None:
    assert by_interval(candle_frame(rows), interval).to_dicts() == bars(rows, INTERVALS[interval])


def test_a_gap_stays_a_gap() -> None:
    found = by_interval(candle_frame([candle(0, 5.0), candle(4, 6.0), candle(10, 7.0)]), "5m")
    assert found["open_time"].to_list() == [after(0), after(10)]
    assert found["complete"].to_list() == [False, False]


def test_a_day_begins_at_midnight_utc() -> None:
    found = by_interval(candle_frame([candle(1_439, 5.0), candle(1_440, 6.0)]), "1d")
    assert found["open_time"].to_list() == [after(0), after(1_440)]


def test_an_interval_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="expected one of 1m, 5m, 15m, 1h, 4h, 1d, was 2m"):
        by_interval(candle_frame([]), "2m")


def test_a_minute_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="a symbol has a minute twice"):
        by_interval(candle_frame([candle(0, 5.0), candle(0, 6.0)]), "5m")


def test_a_lacking_column_is_named() -> None:
    with pytest.raises(ValueError, match="filled lacking"):
        by_interval(candle_frame([candle(0, 5.0)]).drop("filled"), "5m")


def test_times_of_another_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="expected open_time in the zone UTC, was None"):
        by_interval(candle_frame([]).with_columns(pl.col("open_time").dt.replace_time_zone(None)), "5m")
