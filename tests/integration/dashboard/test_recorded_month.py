"""The recorded month through the API: every figure against a computation of its own over the recording's files.

The prices after the posts are those that the join must give (tests.worlds.oracle); here they are looked up again.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from fastapi.testclient import TestClient
from pymongo import MongoClient

from streaming.mongo_setup import ensure
from tests.conftest import Services
from tests.integration.dashboard.conftest import serving, settings_of
from tests.integration.dashboard.recorded import CLOCK, COINS, END, START, recorded_tables
from tests.integration.dashboard.tables import write_lake, write_mongo

pytestmark = pytest.mark.integration

HORIZONS = (1, 5, 15, 60, 240, 1440)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MONTH, LAST_DAY = (START, END), (END - DAY, END)
KEPT = 9 * DAY  # of the candles, in MongoDB: what lies before is read from the lake
COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Recording:
    """The files, read without the code under test. `closes`: by coin and the time at which the minute closed."""

    candles: Mapping[str, pl.DataFrame]
    posts: list[dict[str, Any]]
    closes: Mapping[tuple[str, datetime], float]

    def change(self, coin: str, published: datetime, minutes: int) -> float | None:
        """The return over `minutes` after the minute of publication, or, below 0, over those before it."""
        times = sorted((published.replace(second=0), published.replace(second=0) + minutes * MINUTE))
        first, last = (self.closes.get((coin, time)) for time in times)
        return None if first is None or last is None else last / first - 1


@pytest.fixture(scope="module")
def recording(shared_data: Path) -> Recording:
    rows = pl.read_parquet(shared_data / "recorded" / "candles_2025-01.parquet").sort("open_time")
    candles = {coin: rows.filter(pl.col("symbol") == f"{coin}USDT") for coin in COINS}
    closes = {
        (coin, time + MINUTE): close
        for coin, mine in candles.items()
        for time, close in mine.select("open_time", "close").iter_rows()
    }
    posts = pl.read_parquet(shared_data / "recorded" / "posts_2025-01.parquet").to_dicts()
    return Recording(candles, [{**post, "coins": coins_of(post)} for post in posts], closes)


def coins_of(post: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(code.strip().upper() for code in post["currencies"]))


@pytest.fixture(scope="module")
def month(services: Services, shared_data: Path) -> Iterator[TestClient]:
    """The server over the month."""
    home = Path(tempfile.mkdtemp(prefix="newswake-month-"))
    settings = settings_of(services, home)
    tables = recorded_tables(shared_data / "recorded", (0, *HORIZONS))
    write_lake(tables, settings)
    with MongoClient[dict[str, Any]](services.mongo_uri, tz_aware=True) as client:
        database = client[settings.mongo.database]
        ensure(database, COINS)
        write_mongo(replace(tables, candles=tables.candles.filter(pl.col("open_time") >= END - KEPT)), database)
        with serving(settings) as page:
            yield page
        client.drop_database(settings.mongo.database)
    shutil.rmtree(home, ignore_errors=True)


def asked(page: TestClient, path: str, period: tuple[datetime, datetime] = MONTH, **more: Any) -> Any:
    answer = page.get(path, params={"from": period[0].isoformat(), "to": period[1].isoformat(), **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def close_to(values: Iterable[float]) -> Any:
    return pytest.approx(list(values), rel=1e-9, abs=1e-14)


def near(value: float | None) -> Any:
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("coin", COINS)
@pytest.mark.parametrize("period", [MONTH, (END - 3 * DAY, END)], ids=["lake", "MongoDB"])
def test_describe(month: TestClient, recording: Recording, coin: str, period: tuple[datetime, datetime]) -> None:
    found = {row["column"]: row for row in asked(month, "/api/statistics", period, coin=coin)["candles"]}
    mine = recording.candles[coin].filter(pl.col("open_time").is_between(*period, closed="left"))
    columns = {name: mine[name].to_numpy() for name in COLUMNS}
    columns["return"] = np.diff(columns["close"]) / columns["close"][:-1]  # the recording has no gap
    assert set(found) == set(columns)
    for name, values in columns.items():
        facts = [values.mean(), values.std(ddof=1), values.min(), *np.percentile(values, [25, 50, 75]), values.max()]
        names = ("mean", "std", "min", "q25", "median", "q75", "max")
        assert found[name]["count"] == values.size
        assert [found[name][one] for one in names] == close_to(facts), name


@pytest.mark.parametrize("coin", [*COINS, "DOGE"])
def test_gauge(month: TestClient, recording: Recording, coin: str) -> None:
    found = asked(month, "/api/gauge", coin=coin)
    about = [post for post in recording.posts if coin in post["coins"]]
    voted = [post for post in about if post["votes_positive"] is not None]
    sums = {
        kind: sum(known) if (known := [post[f"votes_{kind}"] for post in voted if post[f"votes_{kind}"] is not None])
        else None for kind in found["sums"]
    }  # fmt: skip
    assert found["sums"] == sums
    assert (found["posts"], found["posts_with_votes"]) == (len(about), len(voted))
    positive, negative = sums["positive"], sums["negative"]
    assert found["value"] == pytest.approx((positive - negative) / (positive + negative + 10))
    # The posterior of the share that is for, under a prior of five votes for and five against, by chance.
    shares = np.random.default_rng(1).beta(5 + positive, 5 + negative, 400_000)
    assert [found["low"], found["high"]] == pytest.approx(2 * np.quantile(shares, [0.025, 0.975]) - 1, abs=0.003)


def test_gauges_are_those_of_each_coin(month: TestClient) -> None:
    found = asked(month, "/api/gauges")["gauges"]
    assert found == [asked(month, "/api/gauge", coin=coin) for coin in COINS]


@pytest.mark.parametrize("coin", [None, *COINS])
@pytest.mark.parametrize("hot", [True, False])
def test_wakes(month: TestClient, recording: Recording, coin: str | None, hot: bool) -> None:
    found = asked(month, "/api/wakes", hot=hot, **({"coin": coin} if coin else {}))
    assert [row["horizon_minutes"] for row in found["rows"]] == list(HORIZONS)
    for row in (found["before"], *found["rows"]):
        values = {
            (post["post_id"], symbol): value
            for post in recording.posts
            for symbol in post["coins"]
            if (post["hot"] or not hot) and coin in (None, symbol)
            if (value := recording.change(symbol, post["published_at"], row["horizon_minutes"])) is not None
        }
        returns = np.array(list(values.values()))
        assert (row["posts"], row["returns"]) == (len({post for post, _ in values}), returns.size)
        shown = [row[name]["value"] for name in ("mean", "median", "size")]
        assert shown == close_to([returns.mean(), np.median(returns), np.abs(returns).mean()])


def test_returns_in_the_list_of_posts(month: TestClient, recording: Recording) -> None:
    shown: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = asked(month, "/api/posts", (START, END + MINUTE), hot=True, horizon=240, limit=100, **cursor)
        shown += page["posts"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    by_id = {f"cryptopanic:{post['post_id']}": post for post in recording.posts if post["hot"]}
    assert {post["id"] for post in shown} == set(by_id) and len(shown) == len(by_id) == 213
    for post in shown:
        published = by_id[post["id"]]["published_at"]
        changes = {one["coin"]: one["change"] for one in post["changes"]}
        assert list(changes) == by_id[post["id"]]["coins"]
        wanted = {coin: recording.change(coin, published, 240) for coin in changes}
        assert changes == {coin: near(value) for coin, value in wanted.items()}
        known = [abs(value) for value in wanted.values() if value is not None]
        assert post["largest_move"] == near(max(known, default=None))


def test_cards(month: TestClient, recording: Recording) -> None:
    """Price and return of each coin and horizon, of the newest hot posts: some of them are not over."""
    hot = sorted((post for post in recording.posts if post["hot"]), key=lambda post: post["published_at"])[-8:]
    for post in hot:
        card = month.get("/api/posts/card", params={"id": f"cryptopanic:{post['post_id']}"}).json()
        assert [wake["coin"] for wake in card["wakes"]] == post["coins"]
        for wake in card["wakes"]:
            for row in wake["horizons"]:
                target = post["published_at"].replace(second=0) + row["minutes"] * MINUTE
                price = recording.closes.get((wake["coin"], target))
                assert row["price"] == price
                assert row["change"] == near(recording.change(wake["coin"], post["published_at"], row["minutes"]))
                judged = (target - MINUTE).replace(minute=0) <= CLOCK
                without = "open" if target > END else "missing" if judged else "waiting"
                assert row["state"] == ("exact" if price else without)


def test_movers(month: TestClient, recording: Recording) -> None:
    found = asked(month, "/api/moves", LAST_DAY)
    changes, volumes = {}, {}
    for coin in COINS:
        last = recording.candles[coin].tail(1_440)
        changes[coin] = recording.closes[coin, END] / recording.closes[coin, END - DAY] - 1
        volumes[coin] = float((last["volume"] * last["close"]).sum())
        mover = next(one for one in found["leaders"] if one["coin"] == coin)
        assert (mover["high"], mover["low"], mover["minutes"]) == (last["high"].max(), last["low"].min(), 1_440)
    down = sorted(COINS, key=lambda coin: changes[coin])
    for name, wanted in (
        ("gainers", [coin for coin in reversed(down) if changes[coin] > 0]),
        ("losers", [coin for coin in down if changes[coin] < 0]),
        ("leaders", sorted(COINS, key=lambda coin: -volumes[coin])),
    ):
        assert [one["coin"] for one in found[name]] == wanted
        assert [one["change"] for one in found[name]] == close_to(changes[coin] for coin in wanted)
        assert [one["quote_volume"] for one in found[name]] == close_to(volumes[coin] for coin in wanted)


def test_minutes_that_stand_out(month: TestClient, recording: Recording) -> None:
    found = asked(month, "/api/moves", LAST_DAY, limit=500)
    wanted = {(coin, time): score for coin in COINS for time, score in _outliers(recording.candles[coin])}
    shown = {(one["coin"], datetime.fromisoformat(one["time"])): one for one in found["spikes"]}
    assert found["found"] == len(wanted) == len(shown) > 0
    assert {key: one["score"] for key, one in shown.items()} == pytest.approx(wanted, rel=1e-9)
    for (coin, time), one in shown.items():
        before = {
            f"cryptopanic:{post['post_id']}": post["published_at"] <= time
            for post in recording.posts
            if coin in post["coins"] and abs(post["published_at"] - time) <= 30 * MINUTE
        }
        assert {post["id"] for post in one["before"]} == {id for id, earlier in before.items() if earlier}
        assert {post["id"] for post in one["after"]} == {id for id, earlier in before.items() if not earlier}
        assert one["news"] == ("posts" if before else "not_watching")


def _outliers(candles: pl.DataFrame) -> Iterator[tuple[datetime, float]]:
    """The minutes of the last day beyond four robust standard deviations of the 7 days before their hour."""
    closes = candles["close"].to_numpy()
    returns = np.diff(closes) / closes[:-1]
    ends = (candles["open_time"] + MINUTE).to_list()[1:]
    for place in range(len(ends) - 1_440, len(ends)):
        hour = (ends[place] - timedelta(seconds=1)).replace(minute=0, second=0)
        newest = place - round((ends[place] - hour) / MINUTE)
        usual = returns[newest + 1 - 7 * 1_440 : newest + 1]
        middle = np.median(usual)
        score = (returns[place] - middle) / (np.median(np.abs(usual - middle)) / 0.6744897501960817)
        if abs(score) > 4:
            yield ends[place], float(score)
