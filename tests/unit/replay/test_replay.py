"""The replay: what goes out, in which order, and the same each time."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
import typer

from newswake.clock import ManualClock, SystemClock, from_ms
from newswake.errors import RecordingError
from newswake.messages import CandlePage, Heartbeat, Observation
from newswake.settings import Kafka
from producers.generator.month import Month, make_month
from producers.publisher import Keyed
from producers.recordings.candles import open_candles
from producers.recordings.posts import read_posts
from producers.replay.command import parse_speed
from producers.replay.pages import pages_of
from producers.replay.telling import Pace, Recording, Told, tell

HOUR = 3_600_000
KAFKA = Kafka()


class Listener:
    """Takes messages as the publisher does; a flush is noted as None."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Keyed] | None] = []

    def publish(self, topic: str, message: Keyed) -> None:
        self.sent.append((topic, message))

    def flush(self) -> None:
        self.sent.append(None)

    @property
    def messages(self) -> list[Keyed]:
        return [item[1] for item in self.sent if item]

    @property
    def bytes(self) -> list[tuple[str, bytes, bytes]]:
        return [(item[0], item[1].key, item[1].to_json()) for item in self.sent if item]


@pytest.fixture(scope="module")
def month() -> Month:
    return make_month(5, datetime(2025, 3, 1, tzinfo=UTC), days=2)


@pytest.fixture(scope="module")
def folder(month: Month, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("month")
    month.write(folder)
    return folder


def run(folder: Path, speed: float | None = None, candles: bool = True, posts: bool = True) -> tuple[Listener, Told]:
    listener = Listener()
    clock = SystemClock() if speed is None else ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    pace = Pace(speed, clock, threading.Event())
    with open_candles([folder / "candles.parquet"], "binance", "USDT") as recording:
        told = tell(
            Recording(recording if candles else None, read_posts([folder / "posts.parquet"]) if posts else None),
            listener, KAFKA, pace,
        )  # fmt: skip
    if isinstance(clock, ManualClock):
        listener.seconds = (clock.now() - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds()  # type: ignore[attr-defined]
    return listener, told


def test_a_single_post_on_the_hour_is_told(tmp_path: Path) -> None:
    row = {"post_id": 1, "title": "x", "published_at": datetime(2025, 3, 1, 12, tzinfo=UTC), "currencies": "BTC"}
    pl.DataFrame([row]).write_parquet(tmp_path / "posts.parquet")
    for speed in (None, 60.0):
        listener = Listener()
        pace = Pace(speed, ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), threading.Event())
        told = tell(Recording(None, read_posts([tmp_path / "posts.parquet"])), listener, KAFKA, pace)
        assert (told.posts, told.heartbeats) == (1, 1)


@pytest.mark.parametrize("change", [{"exchange": ""}, {"seen_at": 0}])
def test_candles_that_are_no_page_are_one_sentence(change: dict[str, object], folder: Path, tmp_path: Path) -> None:
    frame = pl.read_parquet(folder / "candles.parquet").head(3)
    wrong = frame.with_columns(pl.lit(value).alias(name) for name, value in change.items())
    wrong.write_parquet(tmp_path / "candles.parquet")
    with (
        open_candles([tmp_path / "candles.parquet"], "binance", "USDT") as recording,
        pytest.raises(RecordingError, match=rf"The recorded candles of .* are no page: {next(iter(change))}"),
    ):
        list(pages_of(recording))


def test_everything_goes_out_once(month: Month, folder: Path) -> None:
    listener, told = run(folder)
    assert (told.candles, told.posts) == (len(month.candles), len(month.posts))
    sent = [
        (page.symbol, time, close)
        for page in listener.messages
        if isinstance(page, CandlePage)
        for time, close in zip(page.open_time, page.close, strict=True)
    ]
    expected = month.candles.select(
        pl.col("symbol").str.strip_suffix("USDT"), pl.col("open_time").dt.epoch("ms"), "close"
    )
    assert sorted(sent) == sorted(expected.rows())


def test_the_same_replay_twice_is_the_same_to_the_byte(folder: Path) -> None:
    assert run(folder)[0].bytes == run(folder)[0].bytes


def test_a_page_stays_inside_its_hour_and_holes_stay_holes(folder: Path) -> None:
    pages = [message for message in run(folder)[0].messages if isinstance(message, CandlePage)]
    assert any(len(page.open_time) < 60 for page in pages), "the month must have outages"
    for page in pages:
        assert page.open_time[0] // HOUR == page.open_time[-1] // HOUR
        assert page.seen_at == page.open_time[-1] + 60_000
        assert (page.exchange, page.quote, page.filled) == ("binance", "USDT", None)
    hours = [page.open_time[0] // HOUR for page in pages]
    assert hours == sorted(hours), "forward in time over all coins"


def test_a_heartbeat_follows_the_posts_that_it_covers(month: Month, folder: Path) -> None:
    covered, flushed, last = 0, True, None
    for item in run(folder)[0].sent:
        if item is None:
            flushed = True
        elif isinstance(item[1], Observation):
            published = int(item[1].published_at.timestamp() * 1000)
            assert published >= covered
            flushed = False
        elif isinstance(item[1], Heartbeat):
            assert flushed, "posts might still be on their way"
            covered = last = item[1].heartbeat
        elif isinstance(item[1], CandlePage):
            assert item[1].seen_at <= covered, "a page is news of a time that the posts have reached"
    assert last == month.end


def test_what_was_counted_later_is_seen_at_the_end(month: Month, folder: Path) -> None:
    observations = [message for message in run(folder)[0].messages if isinstance(message, Observation)]
    assert {observation.seen_at for observation in observations} == {from_ms(month.end)}
    body = json.loads(observations[0].to_json())
    assert body["source"] == "cryptopanic"
    assert body["votes"] is None or len(body["votes"]) == 9
    assert all(code == code.strip() for observation in observations for code in observation.currencies)


def test_seen_at_is_kept_where_it_was_recorded(month: Month, tmp_path: Path) -> None:
    month.observations.write_parquet(tmp_path / "posts.parquet")
    month.candles.write_parquet(tmp_path / "candles.parquet")
    told = [message for message in run(tmp_path)[0].messages if isinstance(message, Observation)]
    seen = sorted(int(observation.seen_at.timestamp() * 1000) for observation in told)
    assert seen == sorted(month.observations["seen_at"].dt.epoch("ms"))
    history: dict[str, list[datetime]] = {}
    for observation in told:
        history.setdefault(observation.id, []).append(observation.seen_at)
    assert any(len(moments) > 2 for moments in history.values())
    assert all(moments == sorted(moments) for moments in history.values())
    hot = {observation.id for observation in told if observation.hot}
    first = {observation.id: observation.hot for observation in reversed(told)}
    assert any(not first[post] for post in hot), "some posts turn hot only later"


def test_observations_that_were_not_timed_stay_apart(tmp_path: Path, folder: Path) -> None:
    lines = [f"{post},title {number},2025-03-01T00:00:00Z,BTC,{number}" for number, post in enumerate("1211")]
    header = "post_id,title,published_at,currencies,votes_positive"
    (tmp_path / "posts.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    listener = Listener()
    with open_candles([folder / "candles.parquet"], "binance", "USDT") as candles:
        recording = Recording(candles, read_posts([tmp_path / "posts.csv"]))
        tell(recording, listener, KAFKA, Pace(None, SystemClock(), threading.Event()))
    told = [message for message in listener.messages if isinstance(message, Observation)]
    end = recording.known_end
    seen = [(one.id, one.title, int(one.seen_at.timestamp() * 1000) - end) for one in told]
    assert sorted(seen) == [("1", "title 0", 0), ("1", "title 2", 1), ("1", "title 3", 2), ("2", "title 1", 0)]


def test_at_a_finite_speed_minutes_come_one_by_one(folder: Path) -> None:
    listener, told = run(folder, speed=60.0)
    assert all(len(page.open_time) == 1 for page in listener.messages if isinstance(page, CandlePage))
    beats = [message.heartbeat for message in listener.messages if isinstance(message, Heartbeat)]
    assert max(later - earlier for earlier, later in pairwise(beats)) <= 60_000
    assert listener.seconds == pytest.approx(2 * 24 * 60, abs=61)  # type: ignore[attr-defined]
    assert {page.seen_at for page in listener.messages if isinstance(page, CandlePage)} <= set(beats)
    assert told.posts == run(folder)[1].posts


def test_one_topic_alone(folder: Path) -> None:
    only_candles, _ = run(folder, posts=False)
    assert {type(message) for message in only_candles.messages} == {CandlePage}
    only_posts, _ = run(folder, candles=False)
    assert {type(message) for message in only_posts.messages} == {Observation, Heartbeat}
    with pytest.raises(RecordingError, match="Nothing to replay"):
        Recording(None, None)


def test_a_stop_ends_it(folder: Path) -> None:
    stop = threading.Event()
    stop.set()
    with open_candles([folder / "candles.parquet"], "binance", "USDT") as recording:
        assert tell(Recording(recording, None), Listener(), KAFKA, Pace(None, SystemClock(), stop)).pages == 0


def test_speed() -> None:
    assert parse_speed("max") is None
    assert parse_speed("60") == 60.0
    for wrong in ("fast", "0", "-1", "nan", "inf"):
        with pytest.raises(typer.BadParameter):
            parse_speed(wrong)


def test_the_recorded_month(shared_data: Path) -> None:
    listener = Listener()
    with open_candles([shared_data / "recorded" / "candles_2025-01.parquet"], "binance", "USDT") as candles:
        posts = read_posts([shared_data / "recorded" / "posts_2025-01.parquet"])
        told = tell(Recording(candles, posts), listener, KAFKA, Pace(None, SystemClock(), threading.Event()))
    assert (told.candles, told.posts) == (150_180, 4_421)
    assert [beat.heartbeat for beat in listener.messages if isinstance(beat, Heartbeat)][-1] == 1_738_700_400_000
