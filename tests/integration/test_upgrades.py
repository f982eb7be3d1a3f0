"""What a checkpoint cannot take, what is damaged and what another version wrote: a sentence, and `make rebuild`."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from newswake.errors import NewswakeError, ServiceError, SettingsError
from newswake.kafka import client_config
from streaming.app import run
from streaming.locks import only_application
from streaming.rebuild import rebuild
from streaming.schemas import TABLES
from streaming.sentences import EXPECTED, explain
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.messages import publish, publish_raw
from tests.worlds.oracle import KEY, Difference, difference, expected, final_watermark
from tests.worlds.world import Beat, Observed, World, at, hours_of, in_order

pytestmark = [pytest.mark.spark, pytest.mark.integration]

HORIZONS = (0, 5, 240)
MORE = (0, 5, 30, 240)


def forget_half(pipeline: Pipeline) -> None:
    """What retention does: the older half of each partition is gone."""
    kafka = pipeline.settings.kafka
    admin = AdminClient(client_config(kafka))
    topics = admin.list_topics(timeout=10).topics
    places = [TopicPartition(t, p) for t in (kafka.posts_topic, kafka.candles_topic) for p in topics[t].partitions]
    consumer = Consumer({**client_config(kafka), "group.id": "nobody"})
    ends = {(place.topic, place.partition): consumer.get_watermark_offsets(place, timeout=10)[1] for place in places}
    consumer.close()
    halves = [TopicPartition(topic, partition, end // 2) for (topic, partition), end in ends.items()]
    for future in admin.delete_records(halves).values():
        future.result()


def test_rebuilt_queries_keep_every_row_although_the_topics_have_forgotten_half(pipeline: Pipeline) -> None:
    drawn = live_world(seed=71, hours=60, posts=30, quiet=(20, 32))
    # Dated anew in the half that is kept: how it was at first, the topic does not tell any more.
    edited = [Observed(at(5), "edited", at(5)), Observed(at(50), "edited", at(6, 35))]
    world = World(in_order(drawn.posts, edited), drawn.candles)
    publish(pipeline.settings, world)
    publish_raw(pipeline.settings, pipeline.settings.kafka.posts_topic, b"no json", b"{}")
    pipeline.once(horizons_minutes=HORIZONS)
    until = final_watermark(world, HORIZONS, LATENESS_MINUTES)
    assert difference(pipeline.table("post_prices"), expected(world, HORIZONS, until)) == Difference()
    before = {name: pipeline.table(name) for name in TABLES}
    documents = {name: pipeline.documents(name) for name in TABLES}
    with pytest.raises(SettingsError, match=r"horizons_minutes is .*make rebuild QUERY=post_prices"):
        pipeline.once(horizons_minutes=MORE)
    forget_half(pipeline)

    context = pipeline.context(horizons_minutes=MORE)
    with only_application(pipeline.settings), pytest.raises(ServiceError, match="Another streaming application"):
        rebuild(context, "posts", run)
    for query in ("posts", "candles", "dead_letters", "post_prices"):
        old = context.checkpoint(query).id()
        said = rebuild(context, query, run)
        assert f"rebuilt {query}: its table had {before[query].height:,} rows" in said
        aside = said.partition("old checkpoint is ")[2].partition(",")[0]
        assert json.loads((Path(aside) / "metadata").read_text())["id"] == old != context.checkpoint(query).id()
        if query != "post_prices":
            assert pipeline.table(query).equals(before[query])
            assert pipeline.documents(query) == documents[query]

    wanted = expected(world, MORE, final_watermark(world, MORE, LATENESS_MINUTES))
    assert difference(pipeline.table("post_prices"), wanted) == Difference()
    assert difference(pipeline.prices_in_mongo(), wanted) == Difference()
    kept = pipeline.table("post_prices").filter(pl.col("horizon_minutes") != 30)
    assert kept.sort(KEY).equals(before["post_prices"].sort(KEY)), "a row that was there has changed"

    # It goes on: new transactions are not taken for the old checkpoint's.
    more = World((Observed(at(60), "new", at(60)), Beat(at(80))), tuple(hours_of("BTC", at(60), 20)))
    publish(pipeline.settings, more)
    pipeline.once(horizons_minutes=MORE)
    rows = pipeline.table("post_prices").filter(pl.col("post_id") == "new")
    assert dict(rows.select("horizon_minutes", "price_status").iter_rows()) == dict.fromkeys(MORE, "exact")
    assert pipeline.table("candles").height == before["candles"].height + 20 * 60


def newest(folder: Path) -> Path:
    return folder / str(max(int(file.name) for file in folder.iterdir() if file.name.isdigit()))


def becomes(file: Path, content: bytes) -> None:
    """Without Hadoop's checksum beside it, which would be noticed first."""
    file.write_bytes(content)
    file.with_name(f".{file.name}.crc").unlink(missing_ok=True)


def emptied(file: Path) -> None:
    becomes(file, b"")


def cut(file: Path) -> None:
    becomes(file, file.read_bytes()[:-5])


def beside_its_checksum(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5])


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "the newest offsets are empty": (lambda path: emptied(newest(path / "offsets")), "is empty"),
    "the newest offsets are cut off": (lambda path: cut(newest(path / "offsets")), "is cut off"),
    "the newest offsets do not fit their checksum": (
        lambda path: beside_its_checksum(newest(path / "offsets")),
        "cannot be read (ChecksumException)",
    ),
    "the newest offsets are gone": (lambda path: newest(path / "offsets").unlink(), "does not go with"),
    "the offsets before are gone": (
        lambda path: (path / "offsets" / str(int(newest(path / "offsets").name) - 1)).unlink(),
        "cannot be read (FileNotFoundException)",
    ),
    "the newest commit is empty": (lambda path: emptied(newest(path / "commits")), "is empty"),
    "the newest commit is of another version": (
        lambda path: becomes(newest(path / "commits"), b"v9\n{}"),
        "another version of Spark",
    ),
    "the metadata are empty": (lambda path: emptied(path / "metadata"), "metadata is empty"),
    "the metadata are gone": (lambda path: (path / "metadata").unlink(), "metadata cannot be read"),
    "the fingerprint is empty": (lambda path: emptied(path / "newswake.json"), "newswake.json is empty"),
    "the fingerprint is cut off": (lambda path: cut(path / "newswake.json"), "newswake.json is cut off"),
    "the fingerprint is gone": (lambda path: (path / "newswake.json").unlink(), "lost its newswake.json"),
    "the fingerprint is of another form": (
        lambda path: becomes(path / "newswake.json", b'{"form": 99}'),
        "another version of newswake (its form is 99, this one makes 3)",
    ),
}


def lose_state(path: Path) -> None:
    """The join's state of the newest batch is gone."""
    version = newest(path / "commits").name
    lost = [file for file in (path / "state").rglob(f"{int(version) + 1}*") if file.is_file()]
    assert lost
    for file in lost:
        file.unlink()


def test_damage_and_other_versions_are_one_sentence_each(pipeline: Pipeline) -> None:
    world = World((Observed(at(1), "1", at(1)), Beat(at(9))), tuple(hours_of("BTC", at(0), 9)))
    publish(pipeline.settings, world)
    pipeline.once(["post_prices"])
    publish(pipeline.settings, World((Beat(at(12)),), tuple(hours_of("BTC", at(9), 3))))
    pipeline.once(["post_prices"])
    path = Path(pipeline.settings.checkpoints_path) / "post_prices"
    whole = path.with_name("whole")
    shutil.copytree(path, whole)
    context = pipeline.context()
    for name, (damage, part) in DAMAGES.items():
        damage(path)
        with pytest.raises(NewswakeError) as refused:
            context.checkpoint("post_prices").check()
            context.checkpoint("post_prices").verify({"form": 3})
        said = str(refused.value)
        assert part in said, name
        assert "make rebuild QUERY=post_prices" in said, name
        assert "\n" not in said, name
        shutil.rmtree(path)
        shutil.copytree(whole, path)

    # What only Spark can find out.
    lose_state(path)
    publish(pipeline.settings, World((Beat(at(15)),), tuple(hours_of("BTC", at(12), 3))))
    with pytest.raises(EXPECTED) as failed:
        pipeline.once(["post_prices"])
    code, said = explain(failed.value, pipeline.settings)
    assert (code, "\n" in said) == (2, False)
    assert "The state of post_prices" in said
    assert "make rebuild QUERY=post_prices" in said

    table = f"delta.`{pipeline.settings.lake_path}/candles`"
    assert pipeline.spark is not None
    pipeline.spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('newswake.version' = '7')")
    with pytest.raises(ServiceError, match=r"candles was written by another version of newswake \(version 7 .*lake"):
        run(context, ["candles"], threading.Event())
    pipeline.spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('newswake.version' = '1')")
    pipeline.spark.sql(f"ALTER TABLE {table} ADD COLUMNS (mood string)")
    with pytest.raises(ServiceError, match=r"candles has other columns .*: mood is unknown\. Restore"):
        run(context, ["candles"], threading.Event())
