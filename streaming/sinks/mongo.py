"""MongoDB through its Spark connector: whole documents, one per `_id`, replaced when written again."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from newswake.mongo import jvm_uri
from newswake.settings import Mongo

# A command may have 16 MB. Where the filter would come near that, everything is read.
MAX_FILTER_CHARACTERS = 2_000_000


def write(documents: DataFrame, mongo: Mongo, collection: str) -> None:
    """Replace or insert one document per row; `_id` must be there and unique within `documents`.

    The connector writes as its tasks run and again when they are retried: the effect is exactly-once only because the
    same row always has the same `_id` and replaces the document whole.
    """
    (
        documents.write.format("mongodb")
        .mode("append")
        .options(**_options(mongo, collection))
        .option("operationType", "replace")
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
