"""The generated world: the same from the same seed, in any order; what was planted is what is found."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest

from newswake.clock import from_ms, to_ms
from producers.generator.market import GeneratedMarket
from producers.generator.month import Month, candle_pages, make_month
from producers.generator.posts import DAY_MS, GeneratedNews
from producers.generator.truth import TruthFolder, date_of
from producers.generator.world import first_start, generated_world
from producers.recordings.candles import open_candles
from producers.recordings.folder import open_folder
from producers.recordings.posts import read_posts
from producers.simulator.world import Pair

START = datetime(2025, 3, 1, tzinfo=UTC)
FIRST = to_ms(START)
BTC = Pair("BTC", "USDT")
MINUTE = 60_000


@pytest.fixture(scope="module")
def month() -> Month:
    return make_month(7, START, days=10)


def market(seed: int = 1, planted: bool = True, coins: tuple[str, ...] = ("BTC", "ETH")) -> GeneratedMarket:
    news = GeneratedNews(seed, FIRST)
    return GeneratedMarket(seed, [Pair(coin, "USDT") for coin in coins], FIRST, news.day if planted else lambda day: ())


def test_any_range_in_any_order_is_the_same() -> None:
    whole = market().block(BTC, FIRST, FIRST + 3 * DAY_MS)
    later = market()
    part_last = later.block(BTC, FIRST + 2 * DAY_MS - 7 * MINUTE, FIRST + 2 * DAY_MS + 7 * MINUTE)
    expected = whole.between(FIRST + 2 * DAY_MS - 7 * MINUTE, FIRST + 2 * DAY_MS + 7 * MINUTE)
    for found, wanted in zip(part_last.columns(), expected.columns(), strict=True):
        assert np.array_equal(found, wanted)
    assert not np.array_equal(market(seed=2).block(BTC, FIRST, FIRST + DAY_MS).close[:9], whole.close[:9])
    assert np.array_equal(market(coins=("BTC",)).block(BTC, FIRST, FIRST + 3 * DAY_MS).close, whole.close)


def test_candles_are_coherent_and_have_outages() -> None:
    block = market().block(BTC, FIRST, FIRST + 20 * DAY_MS - MINUTE)
    assert (block.high >= np.maximum(block.open, block.close)).all()
    assert (block.low <= np.minimum(block.open, block.close)).all()
    assert (block.low > 0).all()
    gaps = np.flatnonzero(np.diff(block.open_time) > MINUTE)
    assert len(gaps) >= 2
    for gap in gaps:
        # Later minutes may be missing again if two outages meet; the first candle after a gap is always flat.
        assert block.volume[gap + 1] == 0
        assert block.open[gap + 1] == block.high[gap + 1] == block.low[gap + 1] == block.close[gap + 1]
    assert (block.open[1:] != block.close[:-1]).mean() > 0.3


def test_the_planted_impact_is_what_the_price_gains() -> None:
    with_wakes, bare = market(), market(planted=False)
    planted = {}
    for made in GeneratedNews(1, FIRST).day(FIRST // DAY_MS):
        for wake in made.wakes:
            if wake.symbol == "BTC":
                planted[made.post.published_at] = wake
    assert len(planted) >= 3
    gained = with_wakes.log_prices("BTC", FIRST // DAY_MS) - bare.log_prices("BTC", FIRST // DAY_MS)
    for minute in (0, 300, 700, 1440):
        moment = FIRST + minute * MINUTE
        expected = sum(
            wake.impact * (1 - math.exp(-(moment - at) / wake.scale_ms)) for at, wake in planted.items() if at < moment
        )
        assert gained[minute] == pytest.approx(expected, abs=1e-9)
    two_days_on = FIRST // DAY_MS + 3
    late = with_wakes.log_prices("BTC", two_days_on) - bare.log_prices("BTC", two_days_on)
    news = GeneratedNews(1, FIRST)
    before = [made for day in range(3) for made in news.day(FIRST // DAY_MS + day)]
    assert late[0] == pytest.approx(sum(w.impact for made in before for w in made.wakes if w.symbol == "BTC"), abs=1e-3)


def test_a_day_goes_on_where_the_one_before_ended() -> None:
    walked = market()
    for day in range(FIRST // DAY_MS, FIRST // DAY_MS + 3):
        assert walked.log_prices("ETH", day)[-1] == pytest.approx(walked.log_prices("ETH", day + 1)[0], abs=1e-9)


def test_posts_have_what_real_ones_have() -> None:
    news = GeneratedNews(3, FIRST)
    posts = [made.post for day in range(20) for made in news.day(FIRST // DAY_MS + day)]
    ids = [int(post.id) for post in posts]
    assert len(set(ids)) == len(ids) and ids != sorted(ids)
    times = [post.published_at for post in posts]
    assert times == sorted(times)
    assert {len(post.codes) for post in posts} >= {0, 1, 2, 3, 4, 5}
    assert any(code.endswith(" ") for post in posts for code in post.codes)
    days = [{post.published_at % DAY_MS for post in posts if post.published_at // DAY_MS == day} for day in
            (FIRST // DAY_MS, FIRST // DAY_MS + 1)]  # fmt: skip
    assert len(days[0] & days[1]) < 50, "one day is not the other again"
    late = sum(post.arrives_at - post.published_at > 3_600_000 for post in posts) / len(posts)
    assert 0.10 < late < 0.15
    hot = [post for post in posts if post.hot_at is not None]
    assert 0.05 < len(hot) / len(posts) < 0.11
    assert any(post.hot_at == post.arrives_at for post in hot)
    assert any((post.hot_at or 0) - post.arrives_at > 3_600_000 for post in hot)
    assert all(made.wakes for day in range(20) for made in news.day(FIRST // DAY_MS + day) if made.post.hot_at)


def test_there_is_news_from_the_start() -> None:
    start = first_start(to_ms(datetime(2026, 6, 1, 13, 7, 44, tzinfo=UTC)))
    assert from_ms(start) == datetime(2026, 5, 25, 13, 7, tzinfo=UTC)
    world, _ = generated_world(1, ("BTC", "NEWCOIN"), "USDT", start)
    assert sum(post.arrives_at <= start for post in world.news.newest_first(start)) > 100
    assert world.market.first <= start - 3 * DAY_MS
    assert len(world.market.block(Pair("NEWCOIN", "USDT"), start - 600_000, start)) > 0


def test_the_truth_is_written_beside(tmp_path: Path) -> None:
    news = GeneratedNews(1, FIRST)
    TruthFolder(tmp_path, news, FIRST).write_until(FIRST + DAY_MS)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["2025-03-01.jsonl", "2025-03-02.jsonl"] and date_of(FIRST // DAY_MS) == "2025-03-01"
    rows = [orjson.loads(line) for line in (tmp_path / files[0]).read_bytes().splitlines()]
    made = news.day(FIRST // DAY_MS)
    assert [row["post_id"] for row in rows] == [post.post.id for post in made]
    assert [len(row["wakes"]) for row in rows] == [len(post.wakes) for post in made]


def test_a_month_is_the_same_from_the_same_seed(month: Month) -> None:
    again = make_month(7, START, days=10)
    for name in ("candles", "posts", "observations", "truth"):
        assert getattr(again, name).equals(getattr(month, name))
    assert not make_month(8, START, days=1).candles.equals(make_month(7, START, days=1).candles)


def test_a_month_has_a_history_of_observations(month: Month) -> None:
    per_post = month.observations.group_by("post_id").agg(
        pl.col("published_at").n_unique().alias("times"), pl.col("hot").n_unique().alias("states"), pl.len()
    )
    assert per_post["times"].max() == 2, "some publisher edits his time"
    assert per_post.filter(pl.col("states") == 2).height > 5, "some posts turn hot after they were first seen"
    assert month.observations.is_duplicated().any(), "pages overlap"
    assert month.observations["seen_at"].is_sorted()
    assert (month.observations["seen_at"] >= month.observations["created_at"]).all()
    assert set(month.observations["post_id"]) == set(month.posts["post_id"])


def test_a_month_is_a_recording(month: Month, tmp_path: Path) -> None:
    month.write(tmp_path)
    files = open_folder(tmp_path)
    with open_candles(files.candles, "binance", "USDT") as candles:
        assert sum(map(len, candles.windows())) == len(month.candles)
    assert len(read_posts(files.posts).posts) == len(month.posts)


def test_pages_of_a_month_overlap_and_hold_all_of_it(month: Month) -> None:
    pages = candle_pages(month, 1)
    times = [(page.symbol, time) for page in pages for time in page.open_time]
    assert len(set(times)) == len(month.candles) < len(times)
    assert [page.seen_at for page in pages] == sorted(page.seen_at for page in pages)
