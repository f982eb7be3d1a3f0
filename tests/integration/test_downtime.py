"""The application is off while the producers go on, and a topic is silent when it starts again."""

from __future__ import annotations

import pytest

from tests.integration.pipeline import Pipeline
from tests.streams import pauses
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.messages import publish
from tests.worlds.oracle import Difference, difference, expected, final_watermark
from tests.worlds.world import World, at

pytestmark = [pytest.mark.spark, pytest.mark.integration]

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)


def assert_rows(pipeline: Pipeline, world: World) -> None:
    wanted = expected(world, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))
    for rows in (pipeline.table("post_prices"), pipeline.prices_in_mongo()):
        assert difference(rows, wanted) == Difference()


@pytest.mark.long
def test_two_days_off_and_starts_at_which_one_topic_is_silent(pipeline: Pipeline) -> None:
    # Only the join runs, so that no repair can make good what it loses.
    world = live_world(seed=71, hours=90, posts=50)
    (posts_before, pages_before), (posts_missed, pages_missed), (posts_after, pages_after) = pauses.cut(
        world, at(20), at(68)
    )
    publish(pipeline.settings, World(posts_before, pages_before))
    pipeline.once(["post_prices"])
    publish(pipeline.settings, World(posts_missed, pages_missed))
    pipeline.once(["post_prices"], max_offsets_per_trigger=7)
    assert_rows(pipeline, World((*posts_before, *posts_missed), (*pages_before, *pages_missed)))
    # Candles go on and nobody is heard at a start; then the other way round. The silent topic's clock is told again.
    publish(pipeline.settings, World((), pages_after))
    pipeline.once(["post_prices"])
    assert_rows(pipeline, World((*posts_before, *posts_missed), world.candles))
    publish(pipeline.settings, World(posts_after, ()))
    pipeline.once(["post_prices"])
    assert_rows(pipeline, world)
