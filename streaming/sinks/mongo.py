"""MongoDB through its Spark connector: whole documents, one per `_id`, replaced when written again."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from newswake.mongo import jvm_uri
from newswake.settings import Mongo

log = logging.getLogger(__name__)

DUPLICATE_KEY = "E11000"
# A command may have 16 MB. Where the filter would come near that, everything is read.
MAX_FILTER_CHARACTERS = 2_000_000


def write(documents: DataFrame, mongo: Mongo, collection: str, *, new: bool = False) -> None:
    """Replace or insert one document per row; `_id` must be there and unique within `documents`.

    The connector writes as its tasks run and again when they are retried: the effect is exactly-once only because the
    same row always has the same `_id` and replaces the document whole.

    `new`: the collection should have none of them. They are then inserted, in about half the time; where one is there
    all the same, left by a write that was cut off, they are replaced.
    """
    if new:
        try:
            _save(documents, mongo, collection, "insert")
            return
        except (Py4JJavaError, PySparkException) as error:
            if DUPLICATE_KEY not in str(error):
                raise
            log.warning("%s has documents of this write already: they are replaced", collection)
    _save(documents, mongo, collection, "replace")


def _save(documents: DataFrame, mongo: Mongo, collection: str, operation: str) -> None:
    (
        documents.write.format("mongodb")
        .mode("append")
        .options(**_options(mongo, collection))
        .option("operationType", operation)
        .option("idFieldList", "_id")
        .option("writeConcern.w", "majority")
        .save()
    )


def read(
    spark: SparkSession, mongo: Mongo, collection: str, schema: T.StructType, ids: Sequence[str] | None = None
) -> DataFrame:
    """The documents of a collection in the given shape; only those with the given ids where there are any."""
    reader = spark.read.format("mongodb").schema(schema).options(**_options(mongo, collection))
    pipeline = json.dumps([{"$match": {"_id": {"$in": list(ids or ())}}}])
    if ids is not None and len(pipeline) <= MAX_FILTER_CHARACTERS:
        # One partition, because the default partitioner would first sample the collection.
        reader = reader.option("aggregation.pipeline", pipeline).option(
            "partitioner", "com.mongodb.spark.sql.connector.read.partitioner.SinglePartitionPartitioner"
        )
    return reader.load()


def _options(mongo: Mongo, collection: str) -> dict[str, str]:
    return {
        "connection.uri": jvm_uri(mongo),
        "database": mongo.database,
        "collection": collection,
    }
