"""The application as it is really started: spark-submit, killed in the middle, started again, told to stop."""

from __future__ import annotations

import time

import polars as pl
import pytest

from tests.conftest import Fresh
from tests.integration.application import Application, Submit, assert_nothing_secret, password_of
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.messages import publish
from tests.worlds.oracle import Difference, difference, expected, final_watermark
from tests.worlds.world import Observed, World, at

pytestmark = pytest.mark.integration

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)


def test_killed_in_the_middle_started_again_and_told_to_stop(submit: Submit, written: Pipeline, fresh: Fresh) -> None:
    world = live_world(seed=41, hours=60, posts=40, quiet=(20, 32))
    wanted = wanted_of(world)
    collection = written.database["post_prices"]
    publish(fresh.settings, world, avro=True)

    first = submit(NEWSWAKE_STREAMING__MAX_OFFSETS_PER_TRIGGER=str(len(world.candles) // 15))
    first.until(lambda: collection.count_documents({}) > wanted.height // 5)
    first.kill()
    assert collection.count_documents({}) < wanted.height, "it was over before it was killed"

    second = submit()
    second.until(lambda: collection.count_documents({}) == wanted.height)
    assert_stops(second)
    for rows in (written.table("post_prices"), written.prices_in_mongo()):
        assert difference(rows, wanted) == Difference()
    assert_nothing_secret(first.said + second.said, fresh)

    changed = submit("--once", NEWSWAKE_STREAMING__HORIZONS_MINUTES="0,30")
    refused(changed, "horizons_minutes is [0, 30], was [0, 1, 5", fresh)


@pytest.mark.long
def test_repairs_beside_it_of_which_one_is_killed(submit: Submit, written: Pipeline, fresh: Fresh) -> None:
    world = live_world(seed=42, hours=60, posts=40, quiet=(20, 32))
    wanted = wanted_of(world)
    collection = written.database["post_prices"]
    publish(fresh.settings, world)
    application = submit()
    application.until(lambda: collection.count_documents({}) == wanted.height)
    # A post that nobody saw for twelve hours: the repair that the application itself runs.
    late = Observed(at(25), "late", at(13), ("BTC",))
    publish(fresh.settings, World((late,), ()))
    owed = expected(World((late,), world.candles), HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))
    assert owed["price"].count() == 3
    priced = {"post_id": "late", "price": {"$ne": None}, "repaired_at": {"$ne": None}}
    # Repairs by hand at the same time, one of which is killed at some moment.
    by_hand = [submit("repair", "--from", f"{at(12):%Y-%m-%dT%H:%M}", program="tools") for _ in range(2)]
    application.until(lambda: collection.count_documents(priced) == owed["price"].count())
    by_hand[0].kill()
    assert by_hand[1].ends() == 0, by_hand[1].said[-3000:]
    assert "repaired: " in by_hand[1].said
    assert_stops(application)
    for rows in (written.table("post_prices"), written.prices_in_mongo()):
        assert difference(rows, pl.concat([wanted, owed])) == Difference()


@pytest.mark.long
def test_a_wrong_password_is_one_sentence_without_it(submit: Submit, fresh: Fresh) -> None:
    wrong = fresh.settings.mongo.uri.get_secret_value().replace(password_of(fresh), "a-wrong-password")
    said = refused(submit("--once", NEWSWAKE_MONGO__URI=wrong), "mongo.uri", fresh)
    assert "a-wrong-password" not in said


def refused(application: Application, cause: str, fresh: Fresh) -> str:
    """What an application says whose start is refused: one sentence that names the cause."""
    assert application.ends() == 2, application.said[-3000:]
    said = application.said
    sentences = [line for line in said.splitlines() if line.startswith("newswake: ")]
    assert len(sentences) == 1
    assert cause in sentences[0]
    assert "Traceback" not in said
    assert_nothing_secret(said, fresh)
    return said


def wanted_of(world: World) -> pl.DataFrame:
    return expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))


def assert_stops(application: Application) -> None:
    began = time.monotonic()
    application.process.terminate()
    assert application.ends(30) == 0
    assert time.monotonic() - began < 15
