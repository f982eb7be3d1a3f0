"""The streaming application in the session of the tests, on topics, a database and a lake of its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from typing import Any

import polars as pl
from deltalake import DeltaTable
from pymongo import MongoClient
from pymongo.database import Database
from pyspark.sql import SparkSession

from newswake.settings import Settings
from streaming.app import QUERIES, run
from streaming.context import Context
from streaming.schemas import TABLES
from tests.worlds.oracle import PRICE_COLUMNS

Documents = dict[str, dict[str, Any]]


class Pipeline:
    """What a test does with the application and with what it wrote.

    Delta is read with another library than the one that wrote it.
    """

    def __init__(self, spark: SparkSession | None, settings: Settings) -> None:
        self.spark = spark
        self.settings = settings
        self.storage_options: dict[str, str] | None = None
        self.client: MongoClient[dict[str, Any]] = MongoClient(settings.mongo.uri.get_secret_value(), tz_aware=True)

    @property
    def database(self) -> Database[dict[str, Any]]:
        return self.client[self.settings.mongo.database]

    def context(self, **streaming: Any) -> Context:
        assert self.spark is not None, "this one only reads"
        changed = self.settings.streaming.model_copy(update=streaming)
        return Context(self.spark, self.settings.model_copy(update={"streaming": changed}), once=True)

    def once(self, queries: Sequence[str] = tuple(QUERIES), **streaming: Any) -> None:
        """Process what is there, with these settings of the group `streaming` changed."""
        run(self.context(**streaming), queries, threading.Event())

    def progress(self, query: str, batch_id: int) -> dict[str, Any]:
        """What Spark reported of a batch."""
        found = self.database["query_progress"].find_one({"name": query, "batchId": batch_id})
        assert found is not None, f"there is no report of batch {batch_id} of {query}"
        return found

    def jobs(self) -> dict[int, tuple[str, str]]:
        """By number, what the Spark UI shows of each job, and its group; empty texts where it has none.

        The session had others before.
        """
        assert self.spark is not None, "this one only reads"
        listed = self.spark.sparkContext._jsc.sc().statusStore().jobsList(None)
        found = [listed.apply(number) for number in range(listed.size())]
        texts = {one.jobId(): (one.description(), one.jobGroup()) for one in found}
        return {
            number: (said.get() if said.isDefined() else "", group.get() if group.isDefined() else "")
            for number, (said, group) in texts.items()
        }

    def close(self) -> None:
        self.client.close()

    def table(self, name: str) -> pl.DataFrame:
        frame = pl.from_arrow(self.delta(name).to_pyarrow_table())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def versions(self) -> dict[str, int]:
        return {name: self.delta(name).version() for name in TABLES}

    def documents(self, name: str) -> Documents:
        return {document["_id"]: document for document in self.database[name].find()}

    def prices_in_mongo(self) -> pl.DataFrame:
        """The documents of `post_prices` in the columns that the oracle knows."""
        rows = [{name: document[name] for name in PRICE_COLUMNS} for document in self.documents("post_prices").values()]
        return pl.DataFrame(rows, schema=self.table("post_prices").select(PRICE_COLUMNS).schema)

    def wipe(self) -> None:
        """Delete the database, the lake and the checkpoints; the topics stay."""
        self.client.drop_database(self.settings.mongo.database)
        for folder in (self.settings.lake_path, self.settings.checkpoints_path):
            shutil.rmtree(folder)

    def delta(self, name: str) -> DeltaTable:
        """A table of the lake; `storage_options` say how to reach one that is on S3."""
        return DeltaTable(f"{self.settings.lake_path}/{name}", storage_options=self.storage_options)
