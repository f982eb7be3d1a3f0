"""The application as it is really started: spark-submit, killed in the middle, started again, told to stop."""

from __future__ import annotations

import time

import polars as pl
import pytest

from tests.conftest import Fresh
from tests.integration.application import Submit, assert_nothing_secret, password_of
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.messages import publish
from tests.worlds.oracle import Difference, difference, expected, final_watermark
from tests.worlds.world import Observed, World, at

pytestmark = pytest.mark.integration

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)


@pytest.mark.timeout(1_200)  # four starts of a JVM, on a machine that may be busy
def test_killed_in_the_middle_started_again_and_told_to_stop(submit: Submit, written: Pipeline, fresh: Fresh) -> None:
    world = live_world(seed=41, hours=60, posts=40, quiet=(20, 32))
    wanted = expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))
    collection = written.database["post_prices"]
    publish(fresh.settings, world)

    first = submit(NEWSWAKE_STREAMING__MAX_OFFSETS_PER_TRIGGER=str(len(world.candles) // 15))
    first.until(lambda: collection.count_documents({}) > wanted.height // 5)
    first.kill()
    assert collection.count_documents({}) < wanted.height, "it was over before it was killed"

    second = submit()
    second.until(lambda: collection.count_documents({}) == wanted.height)
    # A post that nobody saw for twelve hours: the repair that the application itself runs.
    late = Observed(at(25), "late", at(13), ("BTC",))
    publish(fresh.settings, World((late,), ()))
    owed = expected(World((late,), world.candles), HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))
    assert owed["price"].count() > 3
    priced = {"post_id": "late", "price": {"$ne": None}, "repaired_at": {"$ne": None}}
    # Repairs by hand at the same time, one of which is killed at some moment.
    by_hand = [submit("repair", "--from", f"{at(12):%Y-%m-%dT%H:%M}", program="tools") for _ in range(2)]
    second.until(lambda: collection.count_documents(priced) == owed["price"].count())
    by_hand[0].kill()
    assert by_hand[1].ends() == 0, by_hand[1].said[-3000:]
    assert "repaired: " in by_hand[1].said

    began = time.monotonic()
    second.process.terminate()
    assert second.ends(30) == 0
    assert time.monotonic() - began < 15

    for rows in (written.table("post_prices"), written.prices_in_mongo()):
        assert difference(rows, pl.concat([wanted, owed])) == Difference()
    assert_nothing_secret(first.said + second.said, fresh)

    # Starts that are refused: each says one sentence and ends with 2.
    address = fresh.settings.mongo.uri.get_secret_value()
    wrong = address.replace(password_of(fresh), "a-wrong-password")
    for setting, value, cause in (
        ("NEWSWAKE_STREAMING__HORIZONS_MINUTES", "0,30", "horizons_minutes is [0, 30], was [0, 1, 5"),
        ("NEWSWAKE_MONGO__URI", wrong, "mongo.uri"),
    ):
        application = submit("--once", **{setting: value})
        assert application.ends() == 2
        sentences = [line for line in application.said.splitlines() if line.startswith("newswake: ")]
        assert len(sentences) == 1
        assert cause in sentences[0]
        assert "Traceback" not in application.said
        assert_nothing_secret(application.said, fresh)
        assert "a-wrong-password" not in application.said
