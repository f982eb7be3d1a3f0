from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.frames import OBSERVATIONS, POST_PRICES, Period, empty
from analysis.wake_figures import WakeAtHorizon
from analysis.wakes import WakeQuery, wakes
from tests.unit.analysis.made import Row, after, candle_frame, candles, observation, post_frame, price, price_frame

DAY = Period(after(0), after(1_440))
QUERY = WakeQuery(DAY, horizons=(0, 5, 60))
FOR, AGAINST = {"positive": 5, "negative": 1}, {"positive": 1, "negative": 5}


def wake(post_id: str, published: float, *values: float | None, symbol: str = "BTC") -> list[Row]:
    """Prices that give these returns after 5 and 60 minutes."""
    ends = [None if value is None else 100 * (1 + value) for value in values]
    return [
        price(post_id, horizon, end, published, symbol) for horizon, end in zip((0, 5, 60), (100.0, *ends), strict=True)
    ]


def world(count: int = 12) -> tuple[list[Row], list[Row]]:
    """Hot posts 100 minutes apart whose prices rise by as many thousandths as they have numbers."""
    observations = [observation(str(i), 1 + 100 * i, hot=True) for i in range(count)]
    return observations, [row for i in range(count) for row in wake(str(i), 1 + 100 * i, i / 1000, None)]


def at(horizon: int, found: tuple[WakeAtHorizon, ...]) -> WakeAtHorizon:
    return next(one for one in found if one.horizon_minutes == horizon)


def test_mean_and_median_and_counts() -> None:
    observations, prices = world()
    found = wakes(price_frame(prices), post_frame(observations), None, QUERY)
    five = at(5, found.horizons)
    assert (five.posts, five.stories, five.returns, five.separate, five.few) == (12, 12, 12, 12, False)
    assert (five.mean, five.median) == (pytest.approx(0.0055), pytest.approx(0.0055))
    assert found.before is None
    assert five.mean_band is not None
    assert 0 < five.mean_band.low < 0.0055 < five.mean_band.high < 0.011
    assert five.random is None


def test_a_price_that_is_missing_is_no_return() -> None:
    observations, prices = world()
    hour = at(60, wakes(price_frame(prices), post_frame(observations), None, QUERY).horizons)
    assert (hour.posts, hour.returns, hour.mean, hour.mean_band, hour.few) == (0, 0, None, None, True)


def test_a_return_at_publication_is_not_shown() -> None:
    observations, prices = world()
    found = wakes(price_frame(prices), post_frame(observations), None, QUERY)
    assert [one.horizon_minutes for one in found.horizons] == [5, 60]


def test_the_same_arguments_give_the_same_figures() -> None:
    observations, prices = world()
    frames = price_frame(prices), post_frame(observations), candle_frame(candles([1.0 + i % 9 for i in range(1_600)]))
    assert wakes(*frames, QUERY) == wakes(*frames, QUERY)
    assert at(5, wakes(*frames, replace(QUERY, horizons=(5,))).horizons) == at(5, wakes(*frames, QUERY).horizons)
    assert wakes(*frames, QUERY, seed=2) != wakes(*frames, QUERY)


def test_copies_of_one_story_are_one_draw() -> None:
    observations, prices = world()
    title = observations[0]["title"]
    copies = [observation(f"copy{i}", 2 + i, hot=True, title=title) for i in range(9)]
    rows = [row for i in range(9) for row in wake(f"copy{i}", 2 + i, 0.05, None)]
    five = at(5, wakes(price_frame([*prices, *rows]), post_frame([*observations, *copies]), None, QUERY).horizons)
    # "Title of 0" and "Title of 1" share half of their words, but are 100 minutes apart.
    assert (five.posts, five.stories) == (21, 12)
    assert five.mean_band is not None
    assert five.mean_band.high > 0.035


def test_one_story_told_often_has_no_band_worth_the_name() -> None:
    rows = [observation(str(i), 1 + i, hot=True, title="SEC approves ETF") for i in range(20)]
    prices = [row for i in range(20) for row in wake(str(i), 1 + i, 0.01, None)]
    five = at(5, wakes(price_frame(prices), post_frame(rows), None, QUERY).horizons)
    assert (five.posts, five.stories, five.few, five.separate) == (20, 1, True, 4)


@pytest.mark.parametrize(("count", "few"), [(9, True), (10, False)])
def test_fewer_than_ten(count: int, few: bool) -> None:
    observations, prices = world(count)
    assert at(5, wakes(price_frame(prices), post_frame(observations), None, QUERY).horizons).few == few


def test_filters_of_coin_source_and_period() -> None:
    observations, prices = world()
    prices += wake("0", 1, 0.5, None, symbol="ETH")
    frames = price_frame(prices), post_frame(observations), None
    assert at(5, wakes(*frames, QUERY).horizons).returns == 13
    assert at(5, wakes(*frames, replace(QUERY, coin="ETH")).horizons).mean == pytest.approx(0.5)
    assert wakes(*frames, replace(QUERY, source="rss")).posts == 0
    assert wakes(*frames, replace(QUERY, period=Period(after(1), after(201)))).posts == 2


def test_only_hot_posts_unless_all_are_asked_for() -> None:
    observations, prices = world()
    observations[3]["hot"], observations[4]["hot"] = False, None
    later = observation("3", 301, seen=900, hot=True)
    frames = price_frame(prices), post_frame([*observations, later]), None
    found = wakes(*frames, QUERY)
    assert (found.posts, found.hot_in_time) == (11, 10)
    assert found.sentence == "11 hot posts, of which 10 were listed as hot within 5 minutes of publication."
    assert wakes(*frames, replace(QUERY, hot=False)).posts == 12


def test_votes_count_as_known_five_minutes_after_publication() -> None:
    observations, prices = world()
    for row in observations[:4]:
        row["votes"] = post_frame([observation("x", counts=FOR)])["votes"][0]
    later = [
        observation("0", 1, seen=6, counts=AGAINST, hot=True),  # in time: the newest counts
        observation("1", 101, seen=106.1, counts=AGAINST, hot=True),  # too late: as it was
        observation("5", 501, seen=506.1, counts=FOR, hot=True),  # first read too late: unknown
    ]
    frames = price_frame(prices), post_frame([*observations, *later]), None
    positive, negative = (wakes(*frames, replace(QUERY, sign=sign)) for sign in ("positive", "negative"))
    assert (positive.posts, negative.posts, positive.sign_applied) == (3, 1, True)
    assert at(5, positive.horizons).mean == pytest.approx((1 + 2 + 3) / 3000)
    assert at(5, negative.horizons).mean == 0
    assert (positive.sign_filter.available, positive.sign_filter.known, positive.sign_filter.posts) == (True, 4, 12)


def test_votes_that_were_only_read_later_choose_nothing() -> None:
    observations, prices = world()
    later = [observation(str(i), 1 + 100 * i, seen=1 + 100 * i + 300, counts=FOR, hot=True) for i in range(12)]
    found = wakes(price_frame(prices), post_frame([*observations, *later]), None, replace(QUERY, sign="positive"))
    assert (found.posts, found.sign_applied, found.sign_filter.available) == (12, False, False)
    assert found.sign_filter.reason == (
        "The votes of these posts were first read 5 hours after publication (median), and of none within 5 minutes: "
        "what they were then is not known, and later votes know what the price did."
    )


def test_a_source_without_votes() -> None:
    observations, prices = world()
    found = wakes(price_frame(prices), post_frame(observations), None, QUERY)
    assert found.sign_filter.reason == "No source of these posts has votes."
    nothing = wakes(empty(POST_PRICES), empty(OBSERVATIONS), None, QUERY)
    assert (nothing.posts, nothing.sign_filter.reason) == (0, "There are no such posts.")


def test_the_size_of_moves_that_cancel_out() -> None:
    observations, _ = world()
    prices = [row for i in range(12) for row in wake(str(i), 1 + 100 * i, 0.02 * (-1) ** i, None)]
    five = at(5, wakes(price_frame(prices), post_frame(observations), None, QUERY).horizons)
    assert (five.mean, five.size) == (pytest.approx(0), pytest.approx(0.02))
    assert five.size_band is not None and five.mean_band is not None
    assert five.size_band.low == pytest.approx(0.02)
    assert five.mean_band.low < 0 < five.mean_band.high


def test_what_prices_had_done_before_is_told_apart() -> None:
    """A coin that rises by a hundredth half an hour before each post, and falls back 50 minutes after it."""
    observations = [observation(str(i), 101 + 200 * i, hot=True) for i in range(12)]
    closes = np.full(3_000, 100.0)
    for row in observations:
        minute = int((row["published_at"] - after(0)).total_seconds()) // 60
        closes[minute - 30 : minute + 50] *= 1.01
    prices = [row for i in range(12) for row in wake(str(i), 101 + 200 * i, 0.0, None)]
    query = replace(QUERY, period=Period(after(0), after(2_600)))
    frames = price_frame(prices), post_frame(observations), candle_frame(candles(closes.tolist()))
    before = wakes(*frames, query).before
    assert before is not None and before.random is not None
    assert (before.horizon_minutes, before.posts, before.mean) == (-60, 12, pytest.approx(0.01))
    assert abs(before.random.mean) < 0.002
    gone = candle_frame(candles(closes[90:].tolist(), first=90))
    first_unknown = wakes(frames[0], frames[1], gone, query).before
    assert first_unknown is not None
    assert first_unknown.returns == 11


def test_random_times_show_what_the_market_did_anyhow() -> None:
    """Prices that rise by the same share every minute give the same return at any time."""
    observations, _ = world()
    closes = [100 * 1.001**i for i in range(1_600)]
    rise = 1.001**5 - 1
    prices = [row for i in range(12) for row in wake(str(i), 1 + 100 * i, rise, None)]
    found = wakes(price_frame(prices), post_frame(observations), candle_frame(candles(closes)), QUERY, draws=200)
    five = at(5, found.horizons)
    assert five.random is not None
    assert (five.mean, five.random.mean, five.random.median) == pytest.approx((rise, rise, rise))
    assert (five.random.mean_band.low, five.random.mean_band.high) == pytest.approx((rise, rise))


def test_a_planted_wake_stands_out_of_random_times() -> None:
    """A coin that only moves after posts."""
    observations, _ = world()
    closes = np.full(1_600, 100.0)
    for row in observations:
        minute = int((row["published_at"] - after(0)).total_seconds()) // 60
        closes[minute : minute + 50] *= 1.01
    prices = [row for i in range(12) for row in wake(str(i), 1 + 100 * i, 0.01, None)]
    found = wakes(price_frame(prices), post_frame(observations), candle_frame(candles(closes.tolist())), QUERY)
    five = at(5, found.horizons)
    assert five.random is not None and five.mean_band is not None and five.mean is not None
    assert five.random.mean_band.high < five.mean


def test_a_coin_without_candles_has_no_random_times() -> None:
    observations, prices = world()
    found = wakes(price_frame(prices), post_frame(observations), candle_frame(candles([1.0], "ETH")), QUERY)
    assert at(5, found.horizons).random is None
