"""Reading recordings: formats, what is left out, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from newswake.clock import from_ms
from newswake.errors import RecordingError
from producers.recordings.candles import open_candles
from producers.recordings.folder import open_folder
from producers.recordings.held import newest_close, newest_publication
from producers.recordings.posts import codes_of, read_posts
from producers.recordings.symbols import split_symbol

T0 = 1_735_689_600_000  # 2025-01-01T00:00Z
HEADER = "symbol,open_time,open,high,low,close,volume"


def write(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows_of(path: Path) -> pl.DataFrame:
    with open_candles([path], "binance", "USDT") as recording:
        return pl.concat(list(recording.windows()))


@pytest.mark.parametrize(
    "written",
    ["1735689600000", "1735689600", "1735689600000000", "2025-01-01T00:00:00Z", "2025-01-01 00:00:00",
     "2025-01-01T00:00:00.000000+0000", "2025-01-01T02:00:00+02:00", "2025-01-01T00:00"],
)  # fmt: skip
def test_times_of_a_csv(tmp_path: Path, written: str) -> None:
    rows = rows_of(write(tmp_path, "candles.csv", HEADER, f"BTCUSDT,{written},1,2,0.5,1.5,7"))
    assert rows["open_time"].to_list() == [from_ms(T0)]
    assert rows.select("exchange", "symbol", "quote", "close").row(0) == ("binance", "BTC", "USDT", 1.5)


def test_rows_are_sorted_and_of_one_minute_the_first_wins(tmp_path: Path) -> None:
    lines = [f"{coin},{T0 + 60_000 * minute},1,2,0.5,{close},7" for coin, minute, close in
             [("ETH", 1, 1.1), ("BTC", 1, 1.2), ("BTC", 0, 1.3), ("BTC", 1, 1.9), ("ETH", 0, 1.4)]]  # fmt: skip
    with open_candles([write(tmp_path, "candles.csv", HEADER, *lines)], "binance", "USDT") as recording:
        rows = pl.concat(list(recording.windows()))
    assert rows.select("symbol", "close").rows() == [("BTC", 1.3), ("ETH", 1.4), ("BTC", 1.2), ("ETH", 1.1)]
    assert recording.repeated == 1


def test_what_is_no_candle_is_left_out_and_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path, "candles.csv", HEADER,
        f"BTC,{T0},1,2,0.5,1.5,7",
        f"BTC,{T0 + 60_000},,2,0.5,1.5,7",
        f"BTC,{T0 + 60_001},1,2,0.5,1.5,7",
        f"BTC,{T0 + 120_000},1,0.4,0.5,1.5,7",
        f"BTC,{T0 + 180_000},0,2,0,1.5,7",
        "BTC,soon,1,2,0.5,1.5,7",
        f"BTC,{T0 + 240_000},1,2,0.5,NaN,7",
    )  # fmt: skip
    with open_candles([path], "binance", "USDT") as recording:
        assert (recording.rows, recording.unusable) == (1, 6)
        assert sum(map(len, recording.windows())) == 1


def test_windows_of_a_long_recording_hold_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producers.recordings.candles.WINDOW_ROWS", 100)
    times = [from_ms(T0 + 60_000 * minute) for minute in range(1000)]
    frame = pl.DataFrame({"symbol": "BTC", "open_time": times[::-1], "volume": 1.0})
    frame.with_columns(pl.lit(2.0).alias(name) for name in ("open", "high", "low", "close")).write_parquet(
        tmp_path / "c.parquet"
    )
    with open_candles([tmp_path / "c.parquet"], "binance", "USDT") as recording:
        windows = list(recording.windows())
    assert len(windows) > 5
    assert [time for window in windows for time in window["open_time"]] == times


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("BTC", ("BTC", "USDT")),
        ("BTCUSDT", ("BTC", "USDT")),
        ("XRPBTC", ("XRP", "BTC")),
        ("BTCFDUSD", ("BTC", "FDUSD")),
        ("BTC/EUR", ("BTC", "EUR")),
        ("USDT", ("USDT", "USDT")),
        ("WBTC", ("WBTC", "USDT")),
        ("WBTCUSDT", ("WBTC", "USDT")),
        (" ethusd ", ("ETH", "USD")),
    ],
)
def test_a_symbol_is_a_coin_or_a_pair(symbol: str, expected: tuple[str, str]) -> None:
    assert split_symbol(symbol, "USDT") == expected


def test_posts_of_a_csv(tmp_path: Path) -> None:
    path = write(
        tmp_path, "posts.csv", "post_id,title,published_at,currencies,hot,votes_positive,cryptopanic_url,seen_at",
        '7,"One, two",2025-01-01T00:00:00Z,"BTC , ETH",True,3,https://x/7,2025-01-01T08:00:00Z',
        "8,No coins,1735689660000,,,,,",
    )  # fmt: skip
    first, second = read_posts([path]).posts
    assert (first.id, first.title, first.published_at, first.currencies, first.hot, first.url) == (
        "7", "One, two", T0, ("BTC", "ETH"), True, "https://x/7",
    )  # fmt: skip
    assert first.votes == (None, 3, None, None, None, None, None, None, None)
    assert first.seen_at == T0 + 8 * 3_600_000
    assert (second.currencies, second.hot, second.votes, second.seen_at) == ((), None, None, None)
    assert second.source == "cryptopanic"


def test_observations_of_one_post_stay_in_the_order_seen_at_the_place_of_the_first(tmp_path: Path) -> None:
    path = write(
        tmp_path, "posts.csv", "post_id,title,published_at,currencies,seen_at",
        "1,edited,2025-01-01T00:00:00Z,BTC,2025-01-01T09:00:00Z",
        "2,between,2025-01-01T01:00:00Z,BTC,2025-01-01T01:00:00Z",
        "1,first,2025-01-01T02:00:00Z,BTC,2025-01-01T03:00:00Z",
    )  # fmt: skip
    recording = read_posts([path])
    assert [post.title for post in recording.posts] == ["between", "first", "edited"]
    assert list(recording.places) == [T0 + 3_600_000, T0 + 7_200_000, T0 + 7_200_000]
    assert recording.last_known == datetime(2025, 1, 1, 9, tzinfo=UTC)


def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "candles.parquet"
    broken.write_bytes(b"not parquet at all")
    cases = [
        (lambda: open_candles([tmp_path / "none.csv"], "binance", "USDT"), "is not there"),
        (lambda: open_candles([write(tmp_path, "c.txt", HEADER)], "binance", "USDT"), "neither a .parquet nor"),
        (lambda: open_candles([write(tmp_path, "c.csv", "symbol,open", "BTC,1")], "binance", "USDT"), "lacks the colu"),
        (lambda: open_candles([write(tmp_path, "d.csv", HEADER)], "binance", "USDT"), "no usable candle"),
        (lambda: open_candles([broken], "binance", "USDT"), "cannot be read"),
        (lambda: read_posts([write(tmp_path, "p.csv", "post_id,title,published_at,currencies", "7,x,soon,BTC")]),
         "no readable published_at in row 1"),
        (lambda: open_folder(tmp_path / "nowhere"), "is not a folder"),
    ]  # fmt: skip
    for act, sentence in cases:
        with pytest.raises(RecordingError, match=sentence) as caught:
            act()
        assert "\n" not in str(caught.value)


def test_a_folder_is_told_from_another_by_content(tmp_path: Path) -> None:
    for name, close in (("a", 1.5), ("b", 1.5), ("c", 1.6)):
        (tmp_path / name).mkdir()
        write(tmp_path / name, "candles_x.csv", HEADER, f"BTC,{T0},1,2,0.5,{close},7")
        write(tmp_path / name, "titles.csv", "not a part of it")
    prints = [open_folder(tmp_path / name).fingerprint() for name in "abc"]
    assert prints[0] == prints[1] != prints[2]
    assert [path.name for path in open_folder(tmp_path / "a").candles] == ["candles_x.csv"]


def test_codes_in_the_ways_in_which_files_hold_them() -> None:
    assert codes_of("['BTC' 'ETH']") == codes_of("BTC|ETH") == codes_of(["BTC", "ETH"]) == ("BTC", "ETH")


def test_what_a_topic_holds_is_read_whatever_lies_in_it() -> None:
    assert newest_close({"open_time": [T0, T0 + 60_000]}) == T0 + 120_000
    assert newest_close({"id": 0, "BTC": [[T0, 1, 1, 1, 1, 1]], "ETH": []}) == T0 + 60_000
    assert newest_publication({"published_at": "2025-01-01T00:00:00Z"}) == T0
    garbage = (
        None, 7, [], "x", {}, {"open_time": "x"}, {"open_time": [1e30, None]}, {"published_at": 3},
        {"published_at": "soon"}, {"heartbeat": T0, "source": "x"}, {"published_at": "9999-12-31"},
    )  # fmt: skip
    for body in garbage:
        assert newest_close(body) is None
        assert newest_publication(body) is None


def test_the_recorded_month(shared_data: Path) -> None:
    folder = open_folder(shared_data / "recorded")
    with open_candles(folder.candles, "binance", "USDT") as recording:
        assert sum(map(len, recording.windows())) == 150_180
        assert (recording.repeated, recording.unusable) == (0, 0)
    posts = read_posts(folder.posts)
    assert len(posts.posts) == 4_421
    assert sum(bool(post.hot) for post in posts.posts) == 213
