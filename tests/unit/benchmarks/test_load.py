"""The load of the benchmarks is what our producers write, and its sums are right."""

from __future__ import annotations

import math
from dataclasses import replace

import orjson
import pytest

from benchmarks.speed.engines.join import HOUR_MS, CoinState, due_of
from benchmarks.speed.load import Load
from newswake.messages import CandlePage, Heartbeat

LOAD = Load(coins=3, candles=3 * 40 * 60, posts=20, seed=7, horizons=(0, 1, 60, 1440))


def test_pages_are_written_as_the_candle_producer_does() -> None:
    key, value = next(LOAD.page_messages())
    page = CandlePage.model_validate(orjson.loads(value))
    assert (page.key, page.to_json()) == (key, value)
    assert next(LOAD.page_messages("avro")) == (key, page.to_avro())


def test_the_counts_are_those_of_the_messages() -> None:
    pages = [orjson.loads(value) for _, value in LOAD.page_messages()]
    assert (len(pages), sum(len(page["close"]) for page in pages)) == (LOAD.pages, LOAD.published_candles)
    assert math.isclose(math.fsum(close for page in pages for close in page["close"]), LOAD.sum_of_closes)


def test_the_prices_are_those_that_a_search_through_the_messages_finds() -> None:
    closes = {
        (page["symbol"], time): close
        for _, value in LOAD.page_messages()
        for page in [orjson.loads(value)]
        for time, close in zip(page["open_time"], page["close"], strict=True)
    }
    prices = []
    for post in LOAD.all_posts():
        for coin in post.coins:
            for horizon in LOAD.horizons:
                opened = post.published_at // 60_000 * 60_000 + (horizon - 1) * 60_000
                prices.append(closes[f"C{coin:03d}", opened])
    assert len(prices) == LOAD.due
    assert math.isclose(math.fsum(prices), LOAD.sum_of_prices)


def test_the_join_of_the_python_engines_finds_them_in_any_order() -> None:
    posts = [due for one in LOAD.post_messages() for due in due_of(one.to_json(), LOAD.horizons)]
    pages = [orjson.loads(value) for _, value in LOAD.page_messages()]
    for posts_first in (True, False):
        coins = {page["symbol"]: CoinState(kept_hours=LOAD.hours) for page in pages}
        found: list[float] = []
        if posts_first:
            found += [price for coin, minute, due in posts for price in coins[coin].post(minute, due)]
        found += [p for page in pages for p in coins[page["symbol"]].page(page["open_time"], page["close"])]
        if not posts_first:
            found += [price for coin, minute, due in posts for price in coins[coin].post(minute, due)]
        assert len(found) == LOAD.due
        assert math.isclose(math.fsum(found), LOAD.sum_of_prices)


def test_the_python_engines_hold_no_more_than_the_hours_that_they_keep() -> None:
    state = CoinState(kept_hours=3)
    state.post(0, ("1", 0))
    for hour in range(10):
        state.page([hour * HOUR_MS], [1.0])
    assert sorted(state.closes) == [6, 7, 8, 9]
    late = state.post(8 * HOUR_MS, ("2", 0)), state.post(2 * HOUR_MS, ("3", 0))
    assert late == ([1.0], [])


def test_a_heartbeat_comes_after_the_posts_that_it_covers_and_the_last_covers_all() -> None:
    newest = 0
    for message in LOAD.post_messages():
        if isinstance(message, Heartbeat):
            assert message.heartbeat > newest
            newest = message.heartbeat
        else:
            assert message.published_at.timestamp() * 1000 >= newest
    assert newest >= max(post.published_at for post in LOAD.all_posts())


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    def first(load: Load) -> tuple[bytes, bytes]:
        return next(load.page_messages())[1], next(load.post_messages()).to_json()

    assert first(LOAD) == first(replace(LOAD))
    assert first(LOAD)[0] != first(replace(LOAD, seed=8))[0]


def test_too_few_hours_for_the_longest_horizon_are_refused() -> None:
    with pytest.raises(ValueError, match="hours"):
        Load(coins=3, candles=3 * 20 * 60, posts=1, seed=1, horizons=(1440,))
