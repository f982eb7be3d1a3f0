"""The query `candles`: every closed minute, once, however late it comes; what revises one later is recorded beside."""

from __future__ import annotations

import logging

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQuery

from streaming.checkpoints import Fingerprint
from streaming.context import Context
from streaming.parsing.candles import OPTIONAL, REQUIRED
from streaming.schemas import CANDLES, KEYS
from streaming.sinks import delta, mongo
from streaming.sinks.batch import Output, kept, start_query
from streaming.sinks.documents import candle_documents, revision_documents
from streaming.sinks.new_rows import Span, new_rows, over_the_span
from streaming.transforms.revisions import revisions

NAME = "candles"
REVISIONS = "candle_revisions"

log = logging.getLogger(__name__)


def build(parsed: DataFrame) -> DataFrame:
    """Parsed messages (parsing/candles.py) -> one row a minute in the shape of `candles`, and `position`."""
    pages = parsed.select(F.explode(F.when(F.col("reason").isNull(), F.col("pages"))).alias("page"), "position")
    minutes = pages.select(F.explode(_minutes(F.col("page"))).alias("minute"), "page", "position")
    values = {name: F.col(f"minute.{name}") for name in ("open_time", *REQUIRED, *OPTIONAL)}
    values |= {name: F.col(f"page.{name}") for name in ("symbol", "quote", "exchange", "seen_at")}
    values |= {name: F.timestamp_millis(values[name]) for name in ("open_time", "seen_at")}
    values["filled"] = F.coalesce(values["filled"], F.lit(False))
    values["interval"] = F.lit("1m")
    return minutes.select(*(values[name].alias(name) for name in CANDLES.names), "position")


def start(context: Context) -> StreamingQuery:
    """Start the query on the candles topic. Of several candles for one minute the first stays, here and in MongoDB."""
    settings = context.settings

    def record(batch: DataFrame, span: Span | None, first: DataFrame, transaction: tuple[str, int]) -> None:
        """The revisions among the rows that came again. `first`: those that did not, which the table lacks yet."""
        tables = (delta.read(context.spark, context.table(name)) for name in (NAME, REVISIONS))
        held, known = (over_the_span(table, "open_time", span) for table in tables)
        came_again = revisions(batch, first.unionByName(held)).withColumn("position", F.lit(0))
        with kept(came_again) as told, kept(new_rows(told, known, KEYS[REVISIONS], order=["position"])) as rows:
            if count := rows.count():
                documents = revision_documents(rows, settings.mongo.candles_ttl_days)
                mongo.write(documents, settings.mongo, REVISIONS)
                delta.append(rows, context.table(REVISIONS), count=count, transaction=transaction)
                log.info("%d minutes were revised by their exchange; the table keeps what came first", count)

    output = Output(
        NAME,
        documents=lambda rows: candle_documents(rows, settings.mongo.candles_ttl_days),
        order=["seen_at", "position"],
        time="open_time",
        spans=context.late_candles.note,
        came_again=record,
    )
    return start_query(context, build(context.inputs.candles), output)


def fingerprint(context: Context) -> Fingerprint:
    """The settings that this query's checkpoint cannot change."""
    return {"topic": context.settings.kafka.candles_topic}


def _minutes(page: Column) -> Column:
    """A page (struct of arrays) -> array of minutes. A column that the page lacks is null in each."""
    nothing = F.array_repeat(F.lit(None), F.size(page["open_time"]))
    columns = [page[name].alias(name) for name in ("open_time", *REQUIRED)]
    columns += [
        F.coalesce(page[name], nothing.cast(kind)).alias(name)
        for name, kind in zip(OPTIONAL, ("array<bigint>", "array<double>", "array<boolean>"), strict=True)
    ]
    return F.arrays_zip(*columns)
