"""Delta tables as others read them after all that we do to them: append, MERGE, OPTIMIZE, repair, checkpoint."""

from __future__ import annotations

from importlib import resources

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable

from newswake.errors import ServiceError
from streaming.schemas import TABLES
from streaming.sinks import delta
from tests.integration.pipeline import Pipeline
from tests.worlds.live import LATENESS_MINUTES, live_world
from tests.worlds.messages import publish
from tests.worlds.oracle import Difference, difference, expected, final_watermark
from tests.worlds.world import Observed, World, at

pytestmark = [pytest.mark.spark, pytest.mark.integration]

HORIZONS = (0, 5, 60, 240)
DELTA_EXTENSION = (
    resources.files("duckdb_extension_delta") / "extensions" / f"v{duckdb.__version__}" / "delta.duckdb_extension"
)


def by_polars(path: str) -> pl.DataFrame:
    return pl.read_delta(path)


def by_delta_rs(path: str) -> pl.DataFrame:
    frame = pl.from_arrow(DeltaTable(path).to_pyarrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def by_duckdb(path: str) -> pl.DataFrame:
    """With DuckDB's own Delta extension, which it would else fetch at its first use."""
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.load_extension(str(DELTA_EXTENSION))
        connection.execute("set TimeZone = 'UTC'")  # how it names the zone of a time; else the machine's
        return connection.sql("from delta_scan($path)", params={"path": path}).pl()


def test_three_readers_see_the_same_rows_in_every_table(pipeline: Pipeline) -> None:
    world = live_world(seed=97, hours=32, posts=12, quiet=(12, 20))
    publish(pipeline.settings, world)
    pipeline.once(horizons_minutes=HORIZONS)
    late = Observed(at(30), "late", at(13), ("BTC",))
    publish(pipeline.settings, World((late,), ()))
    pipeline.once(horizons_minutes=HORIZONS)
    path = f"{pipeline.settings.lake_path}/post_prices"
    spark = pipeline.spark
    assert spark is not None
    delta.compact(spark, path)
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(spark._jsparkSession, path).checkpoint()  # type: ignore[union-attr]
    done = {entry["operation"] for entry in DeltaTable(path).history()}
    assert done >= {"WRITE", "MERGE", "OPTIMIZE"}

    clock = final_watermark(world, HORIZONS, LATENESS_MINUTES)
    wanted = pl.concat([expected(w, HORIZONS, clock) for w in (world, World((late,), world.candles))])
    for read in (by_polars, by_delta_rs, by_duckdb):
        assert difference(read(path), wanted) == Difference(), read.__name__
        for name in TABLES:
            table = f"{pipeline.settings.lake_path}/{name}"
            held = delta.read(spark, table).count()
            assert read(table).height == held, (read.__name__, name)


def test_tables_need_no_more_of_a_reader_than_is_pinned(pipeline: Pipeline) -> None:
    spark = pipeline.spark
    assert spark is not None
    for name, schema in TABLES.items():
        path = f"{pipeline.settings.lake_path}/{name}"
        delta.ensure_table(spark, path, schema, pipeline.settings.lake)
        protocol = DeltaTable(path).protocol()
        assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
        assert not protocol.reader_features and not protocol.writer_features
    spark.sql(f"alter table delta.`{path}` set tblproperties ('delta.enableDeletionVectors' = 'true')")
    with pytest.raises(ServiceError, match=r"asks more of its readers .*minReaderVersion 3"):
        delta.ensure_table(spark, path, schema, pipeline.settings.lake)
