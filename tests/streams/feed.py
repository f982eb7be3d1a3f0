"""Two folders that stand for the two topics: each file is what one batch reads of one of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession

from newswake.clock import to_ms
from streaming.queries.post_prices import build
from streaming.transforms.pages import hour_pages
from tests.worlds.oracle import PRICE_COLUMNS, TIME
from tests.worlds.world import EXCHANGE, SOURCE, Observed, Page, PostItem

POSTS = (
    "post_id string, source string, hot boolean, currencies array<string>, published_at timestamp, seen_at timestamp, "
    "position bigint, heartbeat timestamp, reason string"
)
CANDLES = (
    "reason string, position bigint, pages array<struct<symbol: string, exchange: string, seen_at: bigint, "
    "open_time: array<bigint>, close: array<double>, filled: array<boolean>>>"
)
ROWS: dict[str, Any] = {
    "source": pl.String,
    "post_id": pl.String,
    "symbol": pl.String,
    "horizon_minutes": pl.Int32,
    "hot": pl.Boolean,
    "published_at": TIME,
    "seen_at": TIME,
    "target_time": TIME,
    "price": pl.Float64,
    "price_status": pl.String,
    "exchange": pl.String,
}
Batch = tuple[Sequence[PostItem], Sequence[Page]]


@dataclass
class Outcome:
    """The rows of each batch (a batch that is replayed has its last ones), and what Spark reported of each."""

    batches: dict[int, pl.DataFrame] = field(default_factory=dict)
    progress: list[dict[str, Any]] = field(default_factory=list)

    @property
    def rows(self) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=ROWS), *self.batches.values()]).select(PRICE_COLUMNS)

    @property
    def watermarks(self) -> list[datetime]:
        return [datetime.fromisoformat(report["eventTime"]["watermark"]) for report in self.progress]

    def state_rows(self) -> list[int]:
        """Rows in all stateful operators after each batch."""
        return [sum(operator["numRowsTotal"] for operator in report["stateOperators"]) for report in self.progress]


class Topics:
    """Folders of files with a checkpoint beside them, below `folder`."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self._spark = spark
        self._folder = folder
        self._written = 0
        for name in ("posts", "candles"):
            (folder / name).mkdir(parents=True)

    def add(self, *batches: Batch) -> None:
        """Put what the next batches will read."""
        for posts, candles in batches:
            self._write("posts", [_post_row(item, place) for place, item in enumerate(posts)], _POLARS_POSTS)
            self._write("candles", [_page_row(item, place) for place, item in enumerate(candles)], _POLARS_CANDLES)
            self._written += 1

    def run(
        self,
        *,
        horizons: Sequence[int],
        lateness_minutes: int,
        outcome: Outcome | None = None,
        posts_per_batch: int | None = 1,
        on_rows: Callable[[int], None] = lambda batch_id: None,
    ) -> Outcome:
        """Start the query on the checkpoint, read all there is, end. `on_rows` may fail a batch after its rows."""
        outcome = outcome or Outcome()
        rows = build(
            self._stream("posts", POSTS, posts_per_batch),
            hour_pages(self._stream("candles", CANDLES, 1)),
            horizons=horizons,
            lateness_minutes=lateness_minutes,
        )

        def on_batch(batch: DataFrame, batch_id: int) -> None:
            table = pl.from_arrow(batch.select(*ROWS).toArrow())
            assert isinstance(table, pl.DataFrame)
            outcome.batches[batch_id] = table.cast(pl.Schema(ROWS))
            on_rows(batch_id)

        query = (
            rows.writeStream.foreachBatch(on_batch)
            .option("checkpointLocation", str(self._folder / "checkpoint"))
            .trigger(availableNow=True)
            .start()
        )
        try:
            query.awaitTermination()
        except StreamingQueryException:
            query.stop()
            raise
        finally:
            outcome.progress += [json.loads(progress.json) for progress in query.recentProgress]
        return outcome

    def _stream(self, name: str, schema: str, files: int | None) -> DataFrame:
        reader = self._spark.readStream.schema(schema)
        if files is not None:
            reader = reader.option("maxFilesPerTrigger", files)
        return reader.parquet(str(self._folder / name))

    def _write(self, name: str, rows: Sequence[dict[str, Any]], schema: dict[str, Any]) -> None:
        """The time of a file decides when it is read."""
        draft = self._folder / f"{name}.draft"
        pl.DataFrame(rows, schema=schema, orient="row").write_parquet(draft)
        seconds = 1_700_000_000 + self._written * 10
        os.utime(draft, (seconds, seconds))
        draft.rename(self._folder / name / f"{self._written:05d}.parquet")


_POLARS_POSTS: dict[str, Any] = {
    "post_id": pl.String,
    "source": pl.String,
    "hot": pl.Boolean,
    "currencies": pl.List(pl.String),
    "published_at": TIME,
    "seen_at": TIME,
    "position": pl.Int64,
    "heartbeat": TIME,
    "reason": pl.String,
}
_POLARS_CANDLES: dict[str, Any] = {
    "reason": pl.String,
    "position": pl.Int64,
    "pages": pl.List(
        pl.Struct(
            {
                "symbol": pl.String,
                "exchange": pl.String,
                "seen_at": pl.Int64,
                "open_time": pl.List(pl.Int64),
                "close": pl.List(pl.Float64),
                "filled": pl.List(pl.Boolean),
            }
        )
    ),
}


def _post_row(item: PostItem, place: int) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(_POLARS_POSTS)
    row |= {"source": SOURCE, "position": place}
    if isinstance(item, Observed):
        names = ("post_id", "hot", "published_at", "seen_at")
        return row | {name: getattr(item, name) for name in names} | {"currencies": list(item.currencies)}
    return row | {"heartbeat": item.at}


def _page_row(item: Page, place: int) -> dict[str, Any]:
    page = {
        "symbol": item.symbol,
        "exchange": EXCHANGE,
        "seen_at": to_ms(item.at),
        "open_time": [to_ms(time) for time in item.times],
        "close": list(item.closes),
        "filled": list(item.filled) if item.filled else None,
    }
    return {"reason": None, "position": place, "pages": [page]}
