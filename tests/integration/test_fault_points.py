"""A batch that fails at any place of its writing is written once by the next start. `make chaos` does it with kills."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from tests.chaos import places
from tests.integration.pipeline import Pipeline
from tests.streams import pauses
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.messages import publish
from tests.worlds.oracle import Difference, closes, difference, expected, final_watermark
from tests.worlds.world import Observed, World, at

pytestmark = [pytest.mark.spark, pytest.mark.integration]

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
QUERIES = ("posts", "candles", "post_prices")
OF_A_BATCH = ("batch set up", "between MongoDB and Delta", "between Delta and checkpoint", "compacted")
OF_THE_REPAIR = ("repair between MongoDB and Delta", "repair merged")
PLACES = (*OF_A_BATCH, *OF_THE_REPAIR)
HOURS = 8


class Struck(Exception):
    """Raised at a place, as if the process ended there."""


@pytest.mark.long
def test_a_failure_at_any_place_loses_and_doubles_nothing(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(PLACES) <= set(places.PLACES)
    on_time = live_world(seed=51, hours=HOURS * (1 + len(PLACES)), posts=40, quiet=(12, 20))
    late = [
        Observed(at(k * HOURS + 1), f"late{k}", at(k * HOURS - 10), ("BTC", "GHOST")) for k in (4, 5)
    ]  # in the hours of the repair
    world = World(tuple(sorted((*on_time.posts, *late), key=lambda item: item.at)), on_time.candles)
    spans = pauses.cut(world, *(at(HOURS * k) for k in range(1, 1 + len(PLACES))))
    armed = ""

    def strike(place: str) -> None:
        if place == armed:
            raise Struck(place)

    places.wrap(strike, monkeypatch.setattr)
    for place, span in zip((*PLACES, ""), spans, strict=True):
        if place == OF_THE_REPAIR[0]:
            armed = ""
            pipeline.once(QUERIES)  # a batch has to be committed before anything is late for the stream
        armed = place
        publish(pipeline.settings, World(*span))
        with pytest.raises(Exception, match=place) if place else nullcontext():
            pipeline.once(QUERIES, compact_every_batches=1)

    wanted = expected(world, HORIZONS, final_watermark(on_time, HORIZONS, LATENESS_MINUTES))
    for rows in (pipeline.table("post_prices"), pipeline.prices_in_mongo()):
        assert difference(rows, wanted) == Difference()
    assert pipeline.table("post_prices").filter(post_id="late4", symbol="BTC")["repaired_at"].count() > 0
    observed = sorted((item.post_id, item.seen_at) for item in world.posts if isinstance(item, Observed))
    assert sorted(pipeline.table("posts").select("post_id", "seen_at").rows()) == observed
    minutes = sorted(closes(world.candles).select("symbol", "target_open").rows())
    assert sorted(pipeline.table("candles").select("symbol", "open_time").rows()) == minutes
    assert len(pipeline.documents("candles")) == len(minutes)
