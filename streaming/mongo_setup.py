"""Collections, indexes and views in MongoDB, made when missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING, HASHED, IndexModel
from pymongo.database import Database
from pymongo.errors import PyMongoError

from newswake.errors import ServiceError
from newswake.mongo import client as mongo_client
from newswake.mongo import refusal
from newswake.settings import Mongo
from streaming.views import View, coin_view, hot_last_hour_view, impacts_view

QUERY_PROGRESS_BYTES = 64 * 1024 * 1024
REPAIRS_DAYS = 90

INDEXES = {
    "posts": [
        # With `_id`, so that a list can be read on from any place in it.
        IndexModel([("published_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("currencies", ASCENDING), ("published_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("hot", ASCENDING), ("published_at", DESCENDING)]),
        IndexModel([("hot_at", DESCENDING)]),
    ],
    "candles": [
        IndexModel([("symbol", ASCENDING), ("open_time", DESCENDING)]),
        IndexModel([("open_time", DESCENDING)]),
        IndexModel([("expire_at", ASCENDING)], expireAfterSeconds=0),
    ],
    "post_prices": [
        # In the order of the views' sort, which reads it instead of sorting.
        IndexModel([(name, ASCENDING) for name in ("source", "post_id", "symbol", "horizon_minutes")]),
        IndexModel([("symbol", ASCENDING), ("published_at", DESCENDING)]),
        IndexModel([("price_status", ASCENDING), ("target_time", DESCENDING)]),
        IndexModel([("horizon_minutes", ASCENDING), ("published_at", DESCENDING)]),
    ],
    "candle_revisions": [
        IndexModel([("symbol", ASCENDING), ("open_time", DESCENDING)]),
        IndexModel([("expire_at", ASCENDING)], expireAfterSeconds=0),
    ],
    "dead_letters": [
        IndexModel([("kafka_time", DESCENDING)]),
        # Hashed, because a refused message may have a key of any length.
        IndexModel([("key", HASHED), ("kafka_time", DESCENDING)]),
        IndexModel([("expire_at", ASCENDING)], expireAfterSeconds=0),
    ],
    "repairs": [IndexModel([("ended_at", DESCENDING)], expireAfterSeconds=REPAIRS_DAYS * 86_400)],
}


def connect(mongo: Mongo) -> Database[dict[str, Any]]:
    """The database, reached. Raises `ServiceError` when nobody answers there or the credentials are refused."""
    client = mongo_client(mongo)
    try:
        client.admin.command("ping")
        client[mongo.database].list_collection_names()
    except PyMongoError as error:
        client.close()
        raise refusal(error) from None
    return client[mongo.database]


def ensure(database: Database[dict[str, Any]], coins: Sequence[str]) -> None:
    """Make what is missing, the views of these coins among it."""
    present = set(database.list_collection_names())
    for name, indexes in INDEXES.items():
        if name not in present:
            database.create_collection(name)
        database[name].create_indexes(indexes)
    if "query_progress" not in present:
        database.create_collection("query_progress", capped=True, size=QUERY_PROGRESS_BYTES)
    _make_views(database, {"impacts": impacts_view(), "hot_last_hour": hot_last_hour_view()})
    ensure_views(database, coins)


def ensure_views(database: Database[dict[str, Any]], coins: Sequence[str]) -> None:
    """Make the views of these coins. Raises `ServiceError` where a collection of that name is in the way."""
    _make_views(database, {coin: coin_view(coin) for coin in coins})


def _make_views(database: Database[dict[str, Any]], views: Mapping[str, View]) -> None:
    """Make what is missing; a view whose definition changed is made anew, because it holds no data."""
    present = {entry["name"]: entry for entry in database.list_collections()}
    for name, (source, pipeline) in views.items():
        options = present.get(name, {}).get("options", {})
        if (options.get("viewOn"), options.get("pipeline")) == (source, pipeline):
            continue
        if name in present:
            if "viewOn" not in options:
                raise ServiceError(f"MongoDB has a collection {name}, where a view of that name belongs; rename it")
            database.drop_collection(name)
        database.create_collection(name, viewOn=source, pipeline=pipeline)
