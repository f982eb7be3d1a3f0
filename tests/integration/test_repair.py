"""What came too late for the stream is priced by the repair, once, in both places."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from streaming import repair as repair_module
from streaming.repair import Repaired, repair
from tests.as_live import as_live
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES
from tests.worlds.messages import publish
from tests.worlds.oracle import PRICE_COLUMNS, Difference, difference, expected, final_watermark
from tests.worlds.world import HOUR, Beat, Observed, World, at, beats, hours_of, in_order, page

pytestmark = [pytest.mark.spark, pytest.mark.integration]

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
LATE = 12 * HOUR


def test_late_posts_and_late_candles_are_priced_once(pipeline: Pipeline, spark: SparkSession) -> None:
    gap = at(5, 10)
    pages = [page("BTC", at(k), missing={gap}) for k in range(50)] + hours_of("ETH", at(0), 50)
    on_time = [Observed(at(5, 11), "on time", at(5, 11), ("BTC", "GHOST")), Observed(at(6), "cold", at(6), hot=False)]
    begun = World(in_order(on_time, beats(at(0), at(50), HOUR)), tuple(pages))
    publish(pipeline.settings, begun)
    others = pipeline.jobs().keys()
    pipeline.once()
    unnamed = [number for number, (said, _) in pipeline.jobs().items() if number not in others and not said]
    assert not unnamed, "every job of a run says in the UI what it does"
    until = final_watermark(begun, HORIZONS, LATENESS_MINUTES)
    assert difference(pipeline.table("post_prices"), expected(begun, HORIZONS, until)) == Difference()
    assert row(pipeline, "on time", "BTC", 0)["price_status"] == "missing"

    # Twelve hours late: a post nobody saw, one that turned hot, the candle of a missing minute, and a revised candle.
    late_page = page("BTC", gap, 1, arrives=at(49))
    revised = page("BTC", at(6), 1, arrives=at(49))
    revised = replace(revised, closes=(revised.closes[0] * 2,))
    late = [
        Observed(at(8) + LATE, "late", at(8), ("BTC", "ETH", "GHOST"), hot=True),
        Observed(at(6) + LATE, "cold", at(6), hot=True),
    ]
    publish(pipeline.settings, World((*late, Beat(at(50))), (late_page, revised)))
    before = pipeline.table("post_prices")
    with as_live(spark):  # on the checkpoint of a run that was not: a live run repairs by the same code
        pipeline.once()

    whole = World((*on_time, *late, *beats(at(0), at(50), HOUR)), (*pages, late_page))
    wanted = expected(whole, HORIZONS, until)
    assert difference(pipeline.table("post_prices"), wanted) == Difference()
    assert difference(pipeline.prices_in_mongo(), wanted) == Difference()
    assert_repaired_rows_say_so(pipeline, before)
    hot = pipeline.database["impacts"].find_one({"post_id": "cold"})
    assert hot is not None
    assert (hot["hot"], hot["hot_at"]) == (True, at(6) + LATE)
    assert all(hot["prices"][str(horizon)] is not None for horizon in HORIZONS)

    # What it says it did is what it did.
    publish(pipeline.settings, World((Observed(at(10) + LATE, "later", at(10), ("BTC", "GHOST")),), ()))
    pipeline.once(["posts"])
    done = repair(pipeline.context())
    assert (done.priced, done.missing) == (len(HORIZONS), len(HORIZONS))

    versions, documents = pipeline.versions(), pipeline.documents("post_prices")
    again = repair(pipeline.context())
    assert (again.priced, again.missing) == (0, 0)
    assert repair(pipeline.context(), again.seen) == Repaired(0, 0, again.seen)
    assert pipeline.versions() == versions
    assert pipeline.documents("post_prices") == documents


def row(pipeline: Pipeline, post_id: str, symbol: str, horizon: int) -> dict[str, object]:
    document = pipeline.database["post_prices"].find_one({"_id": f"cryptopanic:{post_id}:{symbol}:{horizon}"})
    assert document is not None
    return document


def assert_repaired_rows_say_so(pipeline: Pipeline, before: pl.DataFrame) -> None:
    """Priced rows of before are unchanged; what the repair priced has its time, the same in both sinks."""
    key = ["source", "post_id", "symbol", "horizon_minutes"]
    after = pipeline.table("post_prices")
    priced = before.filter(pl.col("price").is_not_null())
    kept = after.join(priced, on=key, how="semi")
    assert kept.sort(key).equals(priced.sort(key))
    repaired = after.filter(pl.col("repaired_at").is_not_null())
    assert set(repaired.select("post_id", "symbol").unique().rows()) == {
        ("on time", "BTC"),
        ("late", "BTC"),
        ("late", "ETH"),
    }
    assert repaired.height == 1 + 2 * len(HORIZONS)
    documents = pipeline.documents("post_prices")
    for values in repaired.iter_rows(named=True):
        document = documents[f"cryptopanic:{values['post_id']}:{values['symbol']}:{values['horizon_minutes']}"]
        assert document["price"] == values["price"]
        assert document["repaired_at"] == values["repaired_at"]


@pytest.mark.long
def test_what_is_observed_between_the_two_writes_of_a_repair_is_in_both_or_in_none(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(
        in_order([Observed(at(5), "1", at(5))], beats(at(0), at(12), HOUR)), tuple(hours_of("BTC", at(0), 12))
    )
    publish(pipeline.settings, world)
    pipeline.once()
    publish(pipeline.settings, World((Observed(at(11), "late", at(1)),), ()))
    pipeline.once(["posts"])
    posts, write = f"{pipeline.settings.lake_path}/posts", repair_module.mongo.write

    def write_while_another_post_comes(rows: DataFrame, *others: Any) -> None:
        write(rows, *others)
        late = rows.sparkSession.read.format("delta").load(posts).where("post_id = 'late'")
        late.withColumn("post_id", F.lit("meanwhile")).write.format("delta").mode("append").save(posts)

    monkeypatch.setattr(repair_module.mongo, "write", write_while_another_post_comes)
    assert repair(pipeline.context()).priced > 0
    monkeypatch.undo()
    assert difference(pipeline.prices_in_mongo(), pipeline.table("post_prices").select(PRICE_COLUMNS)) == Difference()
    assert repair(pipeline.context()).priced > 0
    assert difference(pipeline.prices_in_mongo(), pipeline.table("post_prices").select(PRICE_COLUMNS)) == Difference()
    assert "meanwhile" in pipeline.table("post_prices")["post_id"]
