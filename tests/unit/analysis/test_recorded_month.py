"""The recorded month: every figure against a computation of its own, in numpy and plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analysis.candles import by_interval
from analysis.correlation import correlation
from analysis.describe import describe_candles
from analysis.frames import COVERAGE, OBSERVATIONS, POST_PRICES, VOTES, Period, empty, taken
from analysis.gauge import gauge
from analysis.gauge_history import gauge_history
from analysis.jumps import jumps
from analysis.moves import day_moves
from analysis.posts import count_posts
from analysis.stories import stories
from analysis.tone import load_tones
from analysis.tone_gauge import tone_agreement
from analysis.usual import usual_moves
from analysis.wakes import WakeQuery, Wakes, wakes

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
COINS = ("BTC", "ETH", "XRP")
# A recording does not say when a post was seen: it is taken as known at its end.
END = datetime(2025, 2, 4, 20, 20, tzinfo=UTC)
MONTH = Period(datetime(2025, 1, 1, tzinfo=UTC), END)
MINUTE = timedelta(minutes=1)
Closes = dict[tuple[str, datetime], float]


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "recorded"


@pytest.fixture(scope="module")
def raw_posts(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "posts_2025-01.parquet")


@pytest.fixture(scope="module")
def candles(folder: Path) -> pl.DataFrame:
    recorded = pl.read_parquet(folder / "candles_2025-01.parquet")
    return recorded.with_columns(pl.col("symbol").str.strip_suffix("USDT"), pl.lit(False).alias("filled"))


@pytest.fixture(scope="module")
def observations(raw_posts: pl.DataFrame) -> pl.DataFrame:
    return observed_at_the_end(raw_posts, [field.name for field in VOTES.fields])


def observed_at_the_end(raw: pl.DataFrame, kinds: list[str]) -> pl.DataFrame:
    """Recorded posts as observations; `kinds` of votes are known."""
    counts = [
        pl.col(f"votes_{field.name}").cast(pl.Int64).alias(field.name)
        if field.name in kinds
        else pl.lit(None, pl.Int64).alias(field.name)
        for field in VOTES.fields
    ]
    return taken(
        raw.with_columns(
            pl.lit("cryptopanic").alias("source"),
            pl.lit(None).alias("domain"),
            pl.lit(END).alias("seen_at"),
            pl.struct(counts).alias("votes"),
            *([] if "hot" in raw.columns else [pl.lit(None).alias("hot")]),
        ),
        OBSERVATIONS,
    )


@pytest.fixture(scope="module")
def closes(candles: pl.DataFrame) -> Closes:
    """By symbol and the time at which the candle closed."""
    rows = candles.select("symbol", "open_time", "close").iter_rows()
    return {(symbol, open_time + MINUTE): close for symbol, open_time, close in rows}


@pytest.fixture(scope="module")
def prices(raw_posts: pl.DataFrame, closes: Closes) -> pl.DataFrame:
    """The table `post_prices`, made without the pipeline."""
    rows = []
    for post_id, published, coins in raw_posts.select("post_id", "published_at", "currencies").iter_rows():
        minute = published.replace(second=0, microsecond=0)
        for coin in dict.fromkeys(code.strip().upper() for code in coins):
            for horizon in HORIZONS:
                price = closes.get((coin, minute + horizon * MINUTE))
                rows.append(("cryptopanic", str(post_id), coin, horizon, published, price))
    return pl.DataFrame(rows, schema=dict(POST_PRICES), orient="row")


@pytest.fixture(scope="module")
def hot(prices: pl.DataFrame, observations: pl.DataFrame, candles: pl.DataFrame) -> Wakes:
    return wakes(prices, observations, candles, WakeQuery(MONTH, horizons=HORIZONS))


def returns_by_hand(raw: pl.DataFrame, closes: Closes, horizon: int, coin: str | None = None) -> list[float]:
    """The returns after hot posts, from the candles."""
    found = []
    for published, coins in raw.filter("hot").select("published_at", "currencies").iter_rows():
        minute = published.replace(second=0, microsecond=0)
        for symbol in {code.strip().upper() for code in coins} & ({coin} if coin else set(COINS)):
            begin, end = closes.get((symbol, minute)), closes.get((symbol, minute + horizon * MINUTE))
            if begin is not None and end is not None:
                found.append(end / begin - 1)
    return found


@pytest.mark.parametrize("coin", COINS)
def test_describe(candles: pl.DataFrame, coin: str) -> None:
    mine = candles.filter(pl.col("symbol") == coin)
    found = describe_candles(mine)
    columns = {name: mine[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}
    columns["return"] = np.diff(columns["close"]) / columns["close"][:-1]  # the recording has no gap
    for name, values in columns.items():
        quartiles = np.percentile(values, [25, 50, 75])
        expected = (values.mean(), values.std(ddof=1), values.min(), *quartiles, values.max())
        one = found[name]
        assert one.count == values.size
        got = (one.mean, one.std, one.min, one.q25, one.median, one.q75, one.max)
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_figures_of_bitcoin(candles: pl.DataFrame) -> None:
    found = describe_candles(candles.filter(pl.col("symbol") == "BTC"))
    assert (found["close"].count, found["return"].count) == (50_000, 49_999)
    assert (found["close"].min, found["close"].max) == (89_417.88, 109_194.17)
    assert found["close"].median == pytest.approx(100_053.85)


def test_days(candles: pl.DataFrame) -> None:
    found = by_interval(candles, "1d")
    days: defaultdict[tuple[str, datetime], list[tuple[float, ...]]] = defaultdict(list)
    for symbol, time, *values in candles.sort("open_time").iter_rows():
        days[symbol, time.replace(hour=0, minute=0)].append(tuple(values[:5]))
    assert found.height == len(days) == 105
    for symbol, day, *values, minutes, _, complete in found.iter_rows():
        opens, highs, lows, last, volumes = zip(*days[symbol, day], strict=True)
        assert values == pytest.approx([opens[0], max(highs), min(lows), last[-1], sum(volumes)])
        assert (minutes, complete) == (len(opens), len(opens) == 1_440)


def test_correlation(candles: pl.DataFrame) -> None:
    found = correlation(candles)
    start = candles.filter(pl.col("symbol") == "BTC")["open_time"].min()
    common = [candles.filter((pl.col("symbol") == coin) & (pl.col("open_time") >= start))["close"] for coin in COINS]
    expected = np.corrcoef([np.diff(one.to_numpy()) / one.to_numpy()[:-1] for one in common])
    assert found.symbols == COINS
    for row, hand in zip(found.coefficients, expected, strict=True):
        assert row == pytest.approx(tuple(hand))
    assert found.minutes[0] == (49_999, 49_999, 49_999)


def test_returns_by_horizon(hot: Wakes, raw_posts: pl.DataFrame, closes: Closes) -> None:
    assert (hot.posts, hot.hot_in_time) == (213, 0)
    for one in hot.horizons:
        values = returns_by_hand(raw_posts, closes, one.horizon_minutes)
        assert one.returns == len(values)
        assert (one.mean, one.median) == pytest.approx((np.mean(values), np.median(values)), rel=1e-9)
        assert one.size == pytest.approx(np.mean(np.abs(values)))
    # With the prices at publication these are the 1,268 priced rows of hot posts that the stream gives.
    assert sum(one.returns for one in hot.horizons) + len(returns_by_hand(raw_posts, closes, 0)) == 1_268


def test_the_hour_before(hot: Wakes, raw_posts: pl.DataFrame, closes: Closes) -> None:
    values = []
    for published, coins in raw_posts.filter("hot").select("published_at", "currencies").iter_rows():
        minute = published.replace(second=0, microsecond=0)
        for coin in set(coins) & set(COINS):
            begin, end = closes.get((coin, minute - 60 * MINUTE)), closes.get((coin, minute))
            if begin is not None and end is not None:
                values.append(end / begin - 1)
    assert hot.before is not None
    assert (hot.before.returns, hot.before.mean) == (len(values), pytest.approx(np.mean(values)))
    assert hot.before.size == pytest.approx(np.mean(np.abs(values)))


def test_wakes_of_one_coin(
    prices: pl.DataFrame, observations: pl.DataFrame, raw_posts: pl.DataFrame, closes: Closes
) -> None:
    found = wakes(prices, observations, None, WakeQuery(MONTH, coin="XRP", horizons=(60,)))
    (hour,) = found.horizons
    values = returns_by_hand(raw_posts, closes, 60, "XRP")
    assert (found.posts, hour.returns) == (51, len(values))
    assert hour.mean == pytest.approx(np.mean(values))


def test_bands_are_those_of_another_bootstrap(hot: Wakes, prices: pl.DataFrame, observations: pl.DataFrame) -> None:
    """Written without weights, drawn from another generator: equal up to chance."""
    story = {(source, post): name for source, post, name in stories(observations).iter_rows()}
    hot_posts = set(observations.filter("hot")["post_id"])
    price = {(post, coin, horizon): value for _, post, coin, horizon, _, value in prices.iter_rows()}
    told: defaultdict[str, list[float]] = defaultdict(list)
    for (post, coin, horizon), value in price.items():
        begin = price[post, coin, 0]
        if horizon == 60 and post in hot_posts and value is not None and begin is not None:
            told[story["cryptopanic", post]].append(value / begin - 1)
    groups, generator = list(told.values()), np.random.default_rng(99)
    draws = [
        [value for place in generator.integers(0, len(groups), len(groups)) for value in groups[place]]
        for _ in range(1_000)
    ]
    means, medians = [np.mean(draw) for draw in draws], [np.median(draw) for draw in draws]
    hour = next(one for one in hot.horizons if one.horizon_minutes == 60)
    assert (hour.stories, hour.returns) == (len(groups), sum(map(len, groups)))
    for found, drawn in ((hour.mean_band, means), (hour.median_band, medians)):
        assert found is not None
        expected = np.quantile(drawn, [0.025, 0.975])
        assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.12 * (expected[1] - expected[0]))


def test_random_times_are_the_whole_month(
    hot: Wakes, raw_posts: pl.DataFrame, closes: Closes, candles: pl.DataFrame
) -> None:
    """The mean over all shifts is the mean return over all minutes of each coin, weighted by its posts."""
    hour = next(one for one in hot.horizons if one.horizon_minutes == 60)
    assert hour.random is not None
    expected = 0.0
    for coin in COINS:
        series = candles.filter(pl.col("symbol") == coin)["close"].to_numpy()
        weight = len(returns_by_hand(raw_posts, closes, 60, coin)) / hour.returns
        expected += weight * float(np.mean(series[60:] / series[:-60] - 1))
    spread = hour.random.mean_band.high - hour.random.mean_band.low
    assert hour.random.mean == pytest.approx(expected, abs=3 * spread / 3.92 / np.sqrt(hour.random.draws))


def test_stories_alone_give_too_narrow_a_band_where_windows_overlap(
    prices: pl.DataFrame, observations: pl.DataFrame, candles: pl.DataFrame
) -> None:
    """The example of docs/statistics.md: all posts, a day."""
    (day,) = wakes(prices, observations, candles, WakeQuery(MONTH, hot=False, horizons=(1440,))).horizons
    assert day.mean is not None and day.mean_band is not None and day.random is not None
    assert (day.posts, day.separate) == (1_852, 33)
    found = (day.mean, day.mean_band.low, day.mean_band.high, day.random.mean_band.low, day.random.mean_band.high)
    assert found == pytest.approx((-0.0056, -0.0076, -0.0038, -0.0108, 0.0114), abs=0.0002)


def test_votes_of_the_month_were_only_read_later(hot: Wakes, prices: pl.DataFrame, observations: pl.DataFrame) -> None:
    assert not hot.sign_filter.available
    assert hot.sign_filter.reason is not None
    assert "were first read 14 days after publication (median), and of none within 5 minutes" in hot.sign_filter.reason
    asked = wakes(prices, observations, None, WakeQuery(MONTH, sign="positive", horizons=HORIZONS))
    assert (asked.posts, asked.sign_applied) == (213, False)


@pytest.mark.parametrize("coin", [*COINS, "DOGE", "NOBODY"])
def test_gauge(raw_posts: pl.DataFrame, observations: pl.DataFrame, coin: str) -> None:
    found = gauge(observations, MONTH, coin)
    about = [row for row in raw_posts.iter_rows(named=True) if coin in row["currencies"]]
    voted = [row for row in about if row["votes_positive"] is not None]
    positive, negative = (sum(row[f"votes_{side}"] for row in voted) for side in ("positive", "negative"))
    assert (found.posts, found.posts_with_votes) == (len(about), len(voted))
    assert (found.positive, found.negative) == (positive, negative)
    assert found.value == ((positive - negative) / (positive + negative + 10) if voted else None)
    toxic = [row["votes_toxic"] for row in about if row["votes_toxic"] is not None]
    assert found.kinds["toxic"] == (sum(toxic) if toxic else None)


def test_figures_of_the_gauge(observations: pl.DataFrame) -> None:
    assert gauge(observations, MONTH, "BTC").sentence == (
        "Clearly positive (+0.54): 802 for and 235 against on 201 of 1,212 posts about BTC."
    )
    before, at_the_end = gauge_history(observations, "BTC", [END - MINUTE, END], END - MONTH.since)
    assert (before.value, before.posts_with_votes) == (None, 0)
    assert at_the_end.value == gauge(observations, MONTH, "BTC").value


def test_posts(raw_posts: pl.DataFrame, observations: pl.DataFrame) -> None:
    found = count_posts(observations, MONTH)
    assert (found.posts, found.hot, found.hot_unknown) == (4_421, 213, 0)
    assert found.share_hot == pytest.approx(213 / 4_421)
    hours = [time.hour for time in raw_posts["published_at"]]
    assert [one.posts for one in found.by_hour] == [hours.count(hour) for hour in range(24)]


def test_usual_moves(candles: pl.DataFrame, closes: Closes) -> None:
    at = datetime(2025, 1, 20, 12, 34, 56, tzinfo=UTC)
    now = at.replace(second=0)
    for one in usual_moves(candles, "ETH", at, HORIZONS):
        starts = [now - minutes * MINUTE for minutes in range(one.horizon_minutes, 7 * 1_440 + 1)]
        moves = [abs(closes["ETH", t + one.horizon_minutes * MINUTE] / closes["ETH", t] - 1) for t in starts]
        assert one.minutes == len(moves)
        assert one.move == pytest.approx(np.median(moves), rel=1e-9, abs=1e-15)


def test_moves_of_the_last_day(candles: pl.DataFrame, closes: Closes) -> None:
    for move in day_moves(candles, END):
        now, before = closes[move.symbol, END], closes[move.symbol, END - timedelta(days=1)]
        assert (move.price, move.change) == (now, pytest.approx(now / before - 1))


def test_minutes_that_stand_out(candles: pl.DataFrame, observations: pl.DataFrame) -> None:
    day = Period(END - timedelta(days=1), END)
    found = jumps(candles, observations, empty(COVERAGE), day, END)
    assert (found.minutes_judged, found.minutes_not_judged) == (3 * 1_440, 0)
    expected = {}
    for coin in COINS:
        rows = candles.filter(pl.col("symbol") == coin).sort("open_time")
        values = rows["close"].to_numpy()
        changes = values[1:] / values[:-1] - 1
        times = [time + MINUTE for time in rows["open_time"].to_list()[1:]]
        yardstick: dict[datetime, tuple[float, float]] = {}
        for place in range(len(times) - 1_440, len(times)):
            hour = (times[place] - timedelta(seconds=1)).replace(minute=0, second=0)
            if hour not in yardstick:
                last = times.index(hour) + 1
                before = changes[last - 7 * 1_440 : last]
                middle = float(np.median(before))
                yardstick[hour] = middle, float(np.median(np.abs(before - middle))) / 0.6744897501960817
            score = (changes[place] - yardstick[hour][0]) / yardstick[hour][1]
            if abs(score) > 4:
                expected[coin, times[place]] = score
    assert {(jump.symbol, jump.close_time): jump.score for jump in found.jumps} == pytest.approx(expected)
    published = {
        coin: observations.filter(pl.col("currencies").list.contains(coin))["published_at"].to_list() for coin in COINS
    }
    for jump in found.jumps:
        near = [abs(time - jump.close_time) <= 30 * MINUTE for time in published[jump.symbol]]
        assert len(jump.before) + len(jump.after) == sum(near)
        assert jump.news == ("news" if any(near) else "not watching")


def test_how_many_minutes_of_the_month_stand_out(candles: pl.DataFrame) -> None:
    """The 3 % of docs/statistics.md."""
    found = jumps(candles, empty(OBSERVATIONS), empty(COVERAGE), MONTH, END)
    assert (len(found.jumps), found.minutes_judged, found.minutes_not_judged) == (4_377, 145_680, 4_497)


def test_voters_are_not_neutral(raw_posts: pl.DataFrame) -> None:
    """The 72 % of docs/statistics.md."""
    positive, negative = (int(raw_posts.filter("hot")[f"votes_{side}"].sum()) for side in ("positive", "negative"))
    assert positive / (positive + negative) == pytest.approx(0.72, abs=0.005)


def test_stories(observations: pl.DataFrame) -> None:
    found = stories(observations)
    assert (found.height, found["story"].n_unique()) == (4_421, 4_381)


@pytest.mark.parametrize(
    ("later", "voted", "toned", "agree", "always_positive", "area"),
    [(False, 19_969, 11_517, 0.813, 0.753, 0.737), (True, 3_591, 2_224, 0.773, 0.787, 0.639)],
)
def test_how_well_the_tone_of_titles_agrees_with_votes(
    folder: Path, later: bool, voted: int, toned: int, agree: float, always_positive: float, area: float
) -> None:
    """The figures of docs/statistics.md: up to 2023, and since 2024."""
    titles = pl.read_parquet(folder / "titles_2017-09_2025-02.parquet")
    chosen = titles.filter(
        (pl.col("published_at").dt.year() >= 2024 if later else pl.col("published_at").dt.year() < 2024)
        & (pl.col("votes_positive") + pl.col("votes_negative") >= 3)
    )
    found = tone_agreement(observed_at_the_end(chosen, ["positive", "negative"]), load_tones())
    assert (found.voted, found.toned) == (voted, toned)
    assert (found.agree, found.always_positive) == pytest.approx((agree, always_positive), abs=0.0005)
    assert found.area == pytest.approx(area, abs=0.0005)
