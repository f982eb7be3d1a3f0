from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.frames import COVERAGE, OBSERVATIONS, Period, empty
from analysis.jumps import Jump, Jumps, jumps
from analysis.moves import day_moves
from analysis.outliers import scored
from analysis.watching import watch_of
from tests.unit.analysis.made import (
    Row,
    after,
    candle,
    candle_frame,
    candles,
    observation,
    poll,
    poll_frame,
    post_frame,
)  # fmt: skip

DAY = 1_440


def test_gains_and_losses() -> None:
    rows = [
        *(candle(i, 100 + i, "UP", volume=2.0) for i in range(120)),
        *(candle(i, 100 - i / 2, "DOWN", high=200.0, low=3.0) for i in range(120)),
        *(candle(i, 5.0, "NEW") for i in range(90, 120)),
        candle(50, 7.0, "GONE"),
    ]
    found = {move.symbol: move for move in day_moves(candle_frame(rows), after(120), hours=1)}
    assert list(found) == ["UP", "DOWN", "NEW"]
    assert found["UP"].change == pytest.approx(219 / 159 - 1)
    assert found["UP"].quote_volume == pytest.approx(sum(2 * (100 + i) for i in range(60, 120)))
    assert (found["DOWN"].high, found["DOWN"].low, found["DOWN"].minutes) == (200, 3, 60)
    assert (found["NEW"].change, found["NEW"].price, found["NEW"].price_time) == (None, 5.0, after(120))
    assert not found["UP"].stale


def test_moves_use_what_had_closed() -> None:
    rows = candle_frame(candles([1.0] * 61 + [2.0] * 30))
    (found,) = day_moves(rows, after(61.5), hours=1)
    assert (found.price, found.change, found.stale) == (1.0, 0.0, False)
    (old,) = day_moves(rows, after(97), hours=1)
    assert (old.price_time, old.stale) == (after(91), True)


def noisy(count: int, seed: int = 0) -> list[float]:
    """Closes that move by a few thousandths, without a pattern."""
    closes, state = [100.0], seed + 1
    for _ in range(count - 1):
        state = state * 1_103_515_245 + 12_345 & 0x7FFFFFFF
        closes.append(closes[-1] * (1 + (state / 0x7FFFFFFF - 0.5) / 500))
    return closes


def score_by_hand(closes: Sequence[float | None], minute: int) -> float | None:
    """The score of the return that closes at `minute`, in plain Python; closes begin with the one of minute 1."""
    at = {place: close for place, close in enumerate(closes, start=1) if close is not None}
    returns = {place: at[place] / at[place - 1] - 1 for place in at if place - 1 in at}
    hour = (minute - 1) // 60 * 60
    before = [value for place, value in returns.items() if hour - 7 * DAY < place <= hour]
    if len(before) < DAY:
        return None
    centre = median(before)
    deviation = 1.482602218505602 * median(abs(value - centre) for value in before)
    return (returns[minute] - centre) / deviation if deviation else None


@settings(max_examples=5)
@given(st.integers(0, 1_000), st.sets(st.integers(0, 1_799), max_size=200))
def test_scores_are_those_of_plain_python(seed: int, gaps: set[int]) -> None:
    closes = [None if place in gaps else close for place, close in enumerate(noisy(1_800, seed))]
    found = scored(candle_frame(candles(closes)), Period(after(1_430), after(1_700)))
    assert found.height > 0
    for minute, score in zip(found["close_time"], found["score"], strict=True):
        place = round((minute - after(0)).total_seconds() / 60)
        assert score == (None if (hand := score_by_hand(closes, place)) is None else pytest.approx(hand))


def test_the_yardstick_forgets_after_seven_days() -> None:
    wild = [100.0 * (1.1 if i % 2 else 1) for i in range(6 * DAY)]
    closes = [*wild, *(wild[-1] * close / 100 for close in noisy(8 * DAY))]
    period = Period(after(14 * DAY - 60), after(14 * DAY))
    assert scored(candle_frame(candles(closes)), period)["score"].abs().max() > 0.5
    assert scored(candle_frame(candles(closes)), period).equals(
        scored(candle_frame(candles(closes[6 * DAY :], first=6 * DAY)), period)
    )


def test_later_minutes_change_no_score() -> None:
    closes = noisy(1_800)
    period = Period(after(1_500), after(1_620))
    then = scored(candle_frame(candles(closes[:1_620])), period)
    assert scored(candle_frame(candles([*closes[:1_620], *(9e9 for _ in range(180))])), period).equals(then)


def test_carried_minutes_are_no_returns() -> None:
    rows = candles(noisy(1_600))
    rows[1_550]["filled"] = True
    found = scored(candle_frame(rows), Period(after(1_540), after(1_560)))
    assert after(1_551) not in found["close_time"].to_list()
    assert after(1_552) not in found["close_time"].to_list()


def with_a_jump(*posts: Row, polls: Sequence[Row] = (), now: float = 1_800, closes: int = 1_800) -> Jumps:
    """A coin that moves by thousandths and then, in the minute that closes at 1,600, by a tenth."""
    prices = noisy(closes)
    prices[1_599:] = [close * 1.1 for close in prices[1_599:]]
    coverage = poll_frame(polls) if polls else empty(COVERAGE)
    period = Period(after(1_560), after(1_680))
    return jumps(candle_frame(candles(prices)), post_frame(posts), coverage, period, after(now))


def only(found: Jumps) -> Jump:
    (jump,) = found.jumps
    return jump


def test_the_minute_that_stands_out() -> None:
    found = with_a_jump()
    jump = only(found)
    assert (jump.symbol, jump.close_time, jump.news) == ("BTC", after(1_600), "not watching")
    assert jump.value == pytest.approx(0.1, abs=0.003)
    assert jump.score > 50
    assert (found.minutes_judged, found.minutes_not_judged, found.threshold) == (120, 0, 4.0)


def test_posts_around_it() -> None:
    times = {"too early": 1_569.9, "begin": 1_570, "before": 1_600, "after": 1_600.1, "end": 1_630, "too late": 1_630.1}
    posts = [observation(name, published) for name, published in times.items()]
    other = observation("other", 1_600, coins=["ETH"])
    jump = only(with_a_jump(*posts, other))
    assert [post.post_id for post in jump.before] == ["begin", "before"]
    assert [post.post_id for post in jump.after] == ["after", "end"]
    assert jump.news == "news"


def test_posts_that_were_seen_later_than_now_are_not_known() -> None:
    late = observation("late", 1_590, seen=1_700)
    assert only(with_a_jump(late, now=1_699, polls=[poll("rss", 1_640, 1_500)])).news == "no news seen"
    assert only(with_a_jump(late, now=1_701, polls=[poll("rss", 1_640, 1_500)])).news == "news"


def test_no_news_only_where_somebody_watched() -> None:
    watched = poll("posts.rss", 1_640, 1_500)
    down = [poll("posts.cryptopanic", 1_500, 1_400), poll("posts.cryptopanic", 1_600, None, ok=False)]
    both = only(with_a_jump(polls=[watched, *down]))
    assert (both.news, both.not_watching) == ("no news seen", ("posts.cryptopanic",))
    assert only(with_a_jump(polls=down)).news == "not watching"


def test_too_little_history_is_said() -> None:
    closes = candle_frame(candles(noisy(200)))
    found = jumps(closes, empty(OBSERVATIONS), empty(COVERAGE), Period(after(100), after(160)), after(200))
    assert (found.jumps, found.minutes_judged, found.minutes_not_judged) == ((), 0, 60)


def test_no_candles_no_jumps() -> None:
    found = jumps(candle_frame([]), empty(OBSERVATIONS), empty(COVERAGE), Period(after(0), after(9)), after(9))
    assert (found.jumps, found.minutes_judged) == ((), 0)


def test_polls_that_follow_each_other_leave_no_hole() -> None:
    polls = [poll("rss", 0, -60), *(poll("rss", 10 * i, None, gap_minutes=10) for i in range(1, 20))]
    watch = watch_of(poll_frame(polls))
    assert watch.spans == {"rss": ((after(-60), after(190)),)}
    assert not watch.nobody(after(-60), after(190))
    assert watch.nobody(after(-60), after(196))


def test_an_answer_after_a_long_pause_reaches_back_as_far_as_it_says() -> None:
    polls = [poll("rss", 0, -60), poll("rss", 300, 200, gap_minutes=300), poll("rss", 900, 250, gap_minutes=600)]
    watch = watch_of(poll_frame(polls))
    assert watch.spans == {"rss": ((after(-60), after(0)), (after(200), after(900)))}
    assert watch.not_watching(after(-30), after(0)) == ()
    assert watch.not_watching(after(100), after(130)) == ("rss",)


def test_a_poll_that_failed_tells_of_nothing() -> None:
    failed = {**poll("rss", 60, 0), "ok": False}
    assert watch_of(poll_frame([failed])).not_watching(after(10), after(20)) == ("rss",)


def test_a_delayed_source_tells_of_what_is_old_only() -> None:
    delayed = {**poll("cryptopanic", 1_440, -60), "covered_until": after(0)}
    watch = watch_of(poll_frame([delayed]))
    assert watch.not_watching(after(-60), after(0)) == ()
    assert watch.not_watching(after(1_400), after(1_440)) == ("cryptopanic",)


def test_delayed_polls_that_follow_each_other_leave_no_hole() -> None:
    """Their answers had no posts, so that they say only up to when they told."""
    polls = [
        {**poll("cryptopanic", 1_440 + 20 * i, None, gap_minutes=20), "covered_until": after(20 * i)} for i in range(10)
    ]
    assert watch_of(poll_frame(polls)).spans == {"cryptopanic": ((after(-20), after(180)),)}


def test_where_no_poll_is_on_record_nobody_watched() -> None:
    assert watch_of(empty(COVERAGE)).nobody(after(0), after(1))
