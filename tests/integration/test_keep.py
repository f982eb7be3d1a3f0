"""Nothing late is lost, nothing revised is silent, and a repair may run beside anything."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
import pytest
from deltalake import write_deltalake

from newswake.errors import ServiceError
from streaming import late, repair, writer
from streaming.app import run
from streaming.by_hand import repair_by_hand
from streaming.context import Context
from streaming.repair import Period
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES
from tests.worlds.messages import publish
from tests.worlds.oracle import KEY, Difference, difference, expected, final_watermark
from tests.worlds.world import HOUR, Beat, Observed, World, at, beats, close_of, hours_of, in_order, page

pytestmark = [pytest.mark.spark, pytest.mark.integration]

HORIZONS = (0, 1, 5, 15, 60, 240, 1440)
LATE = 12 * HOUR


@dataclass(frozen=True)
class Beaten(Context):
    """A context to which another process is first: when it takes the lock, the other has just written."""

    others: list[Callable[[], None]] = field(default_factory=list)

    def post_prices_lock(self) -> AbstractContextManager[None]:
        while self.others:
            self.others.pop()()
        return super().post_prices_lock()


def beaten(pipeline: Pipeline, rows: pl.DataFrame) -> Beaten:
    context = pipeline.context()
    return Beaten(context.spark, context.settings, once=True, others=[lambda: another_process_writes(pipeline, rows)])


def another_process_writes(pipeline: Pipeline, rows: pl.DataFrame) -> None:
    """The rows in both places, without Spark: what this session keeps of the table does not notice."""
    held = pipeline.table("post_prices")
    repaired_at = pl.when(pl.col("price").is_not_null()).then(pl.lit(at(30 * 24)))
    complete = rows.with_columns(repaired_at.alias("repaired_at")).select(held.columns).cast(dict(held.schema))
    write_deltalake(f"{pipeline.settings.lake_path}/post_prices", complete.to_arrow(), mode="append")
    for row in complete.iter_rows(named=True):
        identity = {"_id": ":".join(str(row[name]) for name in KEY)}
        pipeline.database["post_prices"].replace_one(identity, {**identity, **row}, upsert=True)


def late_world(pipeline: Pipeline) -> tuple[World, World]:
    """(what the stream prices, what came twelve hours late): both are told, and only the first has been priced."""
    on_time = World(
        in_order([Observed(at(5, 11), "on time", at(5, 11), ("BTC",))], beats(at(0), at(50), HOUR)),
        (*hours_of("BTC", at(0), 50), *hours_of("ETH", at(0), 50)),
    )
    publish(pipeline.settings, on_time)
    pipeline.once(["posts", "candles", "post_prices"])
    late_posts = [Observed(at(k) + LATE, f"late {k}", at(k), ("BTC", "ETH", "GHOST")) for k in (8, 9, 20)]
    publish(pipeline.settings, World(tuple(late_posts), ()))
    pipeline.once(["posts"])
    return on_time, World(tuple(late_posts), on_time.candles)


def assert_both_hold(pipeline: Pipeline, *worlds: World) -> None:
    """The rows of the worlds, in both places, with the same `repaired_at`."""
    until = final_watermark(worlds[0], HORIZONS, LATENESS_MINUTES)
    wanted = pl.concat([expected(world, HORIZONS, until) for world in worlds])
    assert difference(pipeline.table("post_prices"), wanted) == Difference()
    assert_same_in_both(pipeline, wanted)


def assert_same_in_both(pipeline: Pipeline, wanted: pl.DataFrame) -> None:
    assert difference(pipeline.prices_in_mongo(), wanted) == Difference()
    documents = pipeline.documents("post_prices")
    for row in pipeline.table("post_prices").iter_rows(named=True):
        identity = ":".join(str(row[name]) for name in KEY)
        assert documents[identity]["repaired_at"] == row["repaired_at"], identity


def test_late_rows_are_counted_and_repaired_once_whoever_is_first(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_time, late_posts = late_world(pipeline)
    until = final_watermark(on_time, HORIZONS, LATENESS_MINUTES)
    owed = expected(late_posts, HORIZONS, until)
    seen = late.look(pipeline.context(), pipeline.database)
    absent = {(hour.symbol, hour.hour): hour.absent for hour in seen.hours if hour.absent}
    hour = (pl.col("target_time") - pl.duration(minutes=1)).dt.truncate("1h").alias("hour")
    by_hour = owed.group_by("symbol", hour).len()
    assert absent == {(symbol, time): count for symbol, time, count in by_hour.iter_rows()}
    assert seen.total("absent") == owed.height
    assert f"{at(7):%Y-%m-%d %H:%M} GHOST" in seen.as_text()
    assert len(seen.as_json()["hours"]) == len(seen.hours) > len(absent)

    # Killed after MongoDB was written and before Delta was: another repair makes both equal.
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(repair, "_merge", killed)
        repair.repair(pipeline.context(), period=Period(at(8), at(8, 16)))
    ahead = pipeline.documents("post_prices")
    assert len(ahead) == pipeline.table("post_prices").height + 3 * 4

    # Of a period only the period, by hand.
    first = Period(at(8), at(8, 6))
    assert repair_by_hand(pipeline.context(), first) == "repaired: 6 rows priced, 3 stated as missing"
    assert repair_by_hand(pipeline.context(), first) == "repaired: 0 rows priced, 0 stated as missing"
    now = pipeline.table("post_prices").filter(pl.col("post_id") == "late 8")
    assert sorted(now["horizon_minutes"]) == sorted([0, 1, 5] * 3)

    # Another repair writes everything between the computation of this one and its lock: this one writes nothing.
    left = owed.join(now, on=KEY, how="anti")
    done = repair.repair(beaten(pipeline, left))
    assert (done.priced, done.missing) == (0, 0)
    assert_both_hold(pipeline, on_time, late_posts)
    after = late.look(pipeline.context(), pipeline.database)
    assert after.total("absent") == 0
    assert (after.total("due"), after.total("missing")) == (
        after.total("priced") + after.total("missing"),
        pipeline.table("post_prices").filter(pl.col("price_status") == "missing").height,
    )


@pytest.mark.long
def test_the_stream_does_not_write_what_a_repair_has_just_written(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_time, late_posts = late_world(pipeline)
    # The same posts again, dated anew: what was the repair's is now the stream's as well.
    again = tuple(
        Observed(at(50), item.post_id, at(46), item.currencies)
        for item in late_posts.posts
        if isinstance(item, Observed)
    )
    publish(pipeline.settings, World((*again, Beat(at(60))), tuple(hours_of("BTC", at(50), 12))))
    owed = expected(late_posts, HORIZONS, final_watermark(on_time, HORIZONS, LATENESS_MINUTES))
    context = beaten(pipeline, owed)
    monkeypatch.setattr("streaming.app.repair", lambda context: None)
    run(context, ["post_prices"], threading.Event())
    rows = pipeline.table("post_prices")
    assert rows.unique(KEY).height == rows.height
    kept = rows.filter(pl.col("repaired_at").is_not_null() & pl.col("post_id").str.starts_with("late"))
    assert difference(kept, owed.filter(pl.col("price").is_not_null())) == Difference()
    documents = pipeline.documents("post_prices")
    assert len(documents) == rows.height
    for row in rows.iter_rows(named=True):
        assert documents[":".join(str(row[name]) for name in KEY)]["target_time"] == row["target_time"]
    assert not context.others, "the stream wrote nothing"


def test_a_repair_from_another_place_or_without_a_stream_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(ServiceError, match="has not closed any hour yet"):
        repair_by_hand(pipeline.context(), Period())
    pipeline.database[writer.COLLECTION].insert_one({"_id": writer.NAME, "host": "elsewhere", "home": "/there"})
    with pytest.raises(ServiceError, match="written from elsewhere, home /there, and not from here"):
        repair_by_hand(pipeline.context(), Period())
    with writer.held(pipeline.database, pipeline.settings):
        writer.check(pipeline.database, pipeline.settings)


def test_a_week_late_once_and_what_is_revised_is_recorded(pipeline: Pipeline) -> None:
    gap, minute = at(5, 10), at(6)
    publish(pipeline.settings, World((), (page("BTC", at(5), missing={gap}), page("BTC", at(6)))))
    pipeline.once(["candles"])
    assert pipeline.documents("candle_revisions") == {}

    late_page = page("BTC", gap, 1, arrives=at(7 * 24))
    told = page("BTC", minute, 2, arrives=at(7 * 24 + 1))
    revised = replace(told, closes=(told.closes[0] * 2, told.closes[1]))
    again = replace(revised, at=at(7 * 24 + 2))
    other = replace(told, closes=(told.closes[0] * 3, told.closes[1]), at=at(7 * 24 + 3))
    new = page("BTC", at(9), 1, arrives=at(7 * 24 + 4))
    publish(pipeline.settings, World((), (late_page, revised, new, replace(new, closes=(7.0,), at=at(7 * 24 + 5)))))
    pipeline.once(["candles"])
    publish(pipeline.settings, World((), (again, other, late_page, told)))
    pipeline.once(["candles"])

    held = pipeline.table("candles")
    assert held.filter(pl.col("open_time") == gap)["close"].to_list() == [close_of("BTC", gap)]
    assert held.filter(pl.col("open_time") == minute)["close"].to_list() == [close_of("BTC", minute)]
    assert held.height == 121
    rows = pipeline.table("candle_revisions")
    wanted = {
        (minute, close_of("BTC", minute), close_of("BTC", minute) * 2, revised.at),
        (minute, close_of("BTC", minute), close_of("BTC", minute) * 3, other.at),
        (at(9), close_of("BTC", at(9)), 7.0, at(7 * 24 + 5)),
    }
    for kept in (rows.to_dicts(), list(pipeline.documents("candle_revisions").values())):
        assert len(kept) == len(wanted)
        assert {
            (row["open_time"], row["held"]["close"], row["revised"]["close"], row["revised"]["seen_at"]) for row in kept
        } == wanted
    assert len(pipeline.documents("candles")) == 121
