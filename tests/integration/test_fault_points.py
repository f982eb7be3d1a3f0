"""A batch that fails at any place of its writing is written once by the next start. `make chaos` does it with kills."""

from __future__ import annotations

import pytest

from streaming.repair import repair
from tests.chaos import places
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.messages import publish
from tests.worlds.oracle import Difference, difference, expected, final_watermark
from tests.worlds.world import Observed, World, at

pytestmark = [pytest.mark.spark, pytest.mark.integration]

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)


class Struck(Exception):
    """Raised at a place, as if the process ended there."""


def test_a_failure_at_any_place_loses_and_doubles_nothing(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    world = live_world(seed=51, hours=40, posts=20, quiet=(12, 20))
    late = Observed(at(39), "late", at(10), ("BTC", "ETH"))
    publish(pipeline.settings, World((*world.posts, late), world.candles))
    armed = ""
    passed: set[str] = set()

    def strike(place: str) -> None:
        passed.add(place)
        if place == armed:
            raise Struck(place)

    places.wrap(strike, monkeypatch.setattr)
    for armed in places.PLACES:
        with pytest.raises(Exception, match=f"Struck: {armed}|^{armed}$"):
            pipeline.once(["posts", "candles", "post_prices"], compact_every_batches=1)
            # What is left when the stream has done all: the places of the repair.
            repair(pipeline.context())
    armed = ""
    pipeline.once()
    assert passed == set(places.PLACES)

    whole = World((*world.posts, late), world.candles)
    wanted = expected(whole, HORIZONS, final_watermark(world, HORIZONS, LATENESS_MINUTES))
    for rows in (pipeline.table("post_prices"), pipeline.prices_in_mongo()):
        assert difference(rows, wanted) == Difference()
    for name, key in {"posts": ["post_id", "seen_at"], "candles": ["symbol", "open_time"]}.items():
        table = pipeline.table(name)
        assert table.n_unique(key) == table.height
    assert len(pipeline.documents("candles")) == pipeline.table("candles").height
