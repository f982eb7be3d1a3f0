"""A coin that is followed from now on: its view, and prices of posts that were waiting, while the application runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import polars as pl
import pytest

from newswake import followed
from newswake.followed import Status
from streaming import coin_views, repairs
from streaming.app import run
from tests.integration.pipeline import Pipeline
from tests.worlds.messages import publish
from tests.worlds.oracle import PRICE_COLUMNS, Difference, difference, expected
from tests.worlds.world import HOUR, Observed, World, at, beats, close_of, hours_of, in_order, page

pytestmark = [pytest.mark.spark, pytest.mark.integration]

DAY = 86_400.0
QUERIES = ("posts", "candles", "post_prices")
HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
END = 40


@contextmanager
def running(pipeline: Pipeline) -> Iterator[Future[None]]:
    """The application as it always runs, in a thread, until the end of the block; its failure is raised there."""
    stop = threading.Event()
    context = replace(pipeline.context(trigger_seconds=0.5, repair_seconds=DAY), once=False)
    with ThreadPoolExecutor(max_workers=1) as pool:
        application = pool.submit(run, context, QUERIES, stop)
        try:
            yield application
        finally:
            stop.set()
            application.result()


def wait_until(condition: Callable[[], bool], application: Future[None], seconds: float = 500.0) -> None:
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert not application.done(), application.exception()
        assert time.monotonic() < deadline, "it took too long"
        pause.wait(0.1)


def test_what_was_missing_of_a_new_coin_becomes_priced_without_a_restart(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repairs, "FIRST_SECONDS", (DAY,))
    monkeypatch.setattr(coin_views, "LOOK_SECONDS", 0.2)
    database = pipeline.database
    followed.seed(database, ["BTC"])
    posts = [Observed(at(hour, 7), f"p{hour}", at(hour, 7), ("BTC", "SOL")) for hour in (3, 20, 30, 38)]
    world = World(in_order(posts, beats(at(0), at(END), HOUR)), tuple(hours_of("BTC", at(0), END)))
    publish(pipeline.settings, world)
    prices = database["post_prices"]

    with running(pipeline) as application:
        wait_until(lambda: prices.count_documents({"symbol": "SOL", "price_status": "missing"}) == 19, application)
        wait_until(lambda: database["repairs"].count_documents({}) == 1, application)
        # The next one is due in a day; nothing but candles that come late changes that.
        monkeypatch.setattr(repairs, "FIRST_SECONDS", (1.0,) * 100)
        followed.add(database, "SOL")
        followed.answer(database, "SOL", {"status": Status.FOLLOWING})
        history = hours_of("SOL", at(END - 24), 24)
        late = [replace(one, at=at(END)) for one in history]
        publish(pipeline.settings, World((), (*late, page("BTC", at(END), 1), page("SOL", at(END), 1))))
        wait_until(lambda: prices.count_documents({"symbol": "SOL", "repaired_at": {"$ne": None}}) == 13, application)
        # Written to MongoDB first; the repair is done when the lake has them too.
        wait_until(lambda: sum(one["priced"] for one in database["repairs"].find()) == 13, application)
        wait_until(lambda: "SOL" in database.list_collection_names(filter={"type": "view"}), application)

    shown = {document["post_id"]: document for document in database["SOL"].find()}
    assert shown["p20"]["returns"]["60"] == pytest.approx(
        close_of("SOL", at(21, 6)) / close_of("SOL", at(20, 6)) - 1, rel=1e-9
    )
    assert shown["p3"]["statuses"]["60"] == "missing"
    whole = World(world.posts, (*world.candles, *late))
    wanted = expected(whole, HORIZONS, None)
    priced = pipeline.prices_in_mongo()
    of_sol = priced.filter(pl.col("symbol") == "SOL", pl.col("price").is_not_null())
    wanted_sol = wanted.filter(pl.col("symbol") == "SOL")
    assert difference(of_sol, wanted_sol) == Difference()
    assert difference(pipeline.table("post_prices").select(PRICE_COLUMNS), priced) == Difference()
